import type { Socket } from 'node:net';

/**
 * For `timeout` of an HTTP server: a connection's time to be idle is over. Node would end it at once; but where this
 * process has stood still, what its client has sent meanwhile waits to be read, which happens between timers and
 * immediates.
 */
export function endUnlessRead(socket: Socket): void {
  const { bytesRead } = socket;
  setImmediate(() => {
    if (socket.bytesRead === bytesRead) socket.destroy();
  });
}
