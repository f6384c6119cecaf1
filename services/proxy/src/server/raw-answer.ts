import type { Duplex } from 'node:stream';
import { rawErrorAnswer } from '@wakefield/contracts';
import type { AppError } from '@wakefield/domain';
import { requestId } from '@wakefield/runtime';

/**
 * Refuses on a bare socket, where there is no request to answer, and closes.
 * @param status where HTTP has a status of its own for what went wrong
 */
export function refuseSocket(socket: Duplex, error: AppError, status?: number): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.on('error', () => socket.destroy());
  // Nobody reads it any more, and the end of a connection comes behind what was sent before.
  socket.resume();
  socket.end(rawErrorAnswer(error, requestId(undefined), status));
}
