import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorBody, errorHeaders, errorTable } from '@wakefield/contracts';
import type { AppError } from '@wakefield/domain';
import { requestId } from '@wakefield/runtime';

/**
 * Refuses on a bare socket, where there is no request to answer, and closes.
 * @param status where HTTP has a status of its own for what went wrong
 * @returns the status
 */
export function refuseSocket(
  socket: Duplex,
  error: AppError,
  id = requestId(undefined),
  status = errorTable[error.code].status,
): number {
  if (!socket.writable) {
    socket.destroy();
    return status;
  }
  const body = JSON.stringify(errorBody(error, id));
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': id,
    connection: 'close',
    ...errorHeaders(error),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
  return status;
}
