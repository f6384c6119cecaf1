import type { Socket } from 'node:net';
import { parserRefusal } from '@wakefield/contracts';
import type { ProxyMetrics } from '../metrics.ts';
import type { Connections } from './connections.ts';
import { refuseSocket } from './raw-answer.ts';

/** An error of Node's HTTP parser or of a client's connection. */
export interface ClientError extends Error {
  readonly code?: string;
}

/**
 * For `clientError` of the server. What cannot be read is refused with a bare answer, but never into the middle of
 * another one: whoever sent a complete request gets its answer, whatever comes behind it, and then the connection
 * ends.
 */
export function createClientErrors(
  connections: Pick<Connections, 'newest'>,
  metrics: Pick<ProxyMetrics, 'request'>,
): (error: ClientError, socket: Socket) => void {
  const closing = new WeakSet<Socket>();
  const refuse = (code: string | undefined, socket: Socket): void => {
    const { error, status } = parserRefusal(code);
    metrics.request('other', status);
    refuseSocket(socket, error, status);
  };
  return (error, socket) => {
    if (closing.has(socket)) return;
    // There is nobody to be told.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    closing.add(socket);
    const response = connections.newest(socket);
    if (response === undefined || response.writableFinished) refuse(error.code, socket);
    else if (response.req.complete) {
      response.shouldKeepAlive = false;
      response.once('finish', () => socket.end());
    } else if (response.headersSent) socket.destroy();
    else refuse(error.code, socket);
  };
}
