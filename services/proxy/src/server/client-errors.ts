import type { Socket } from 'node:net';
import { parserRefusal } from '@wakefield/contracts';
import type { ProxyMetrics } from '../metrics.ts';
import type { Answer, Connections } from './connections.ts';
import { refuseSocket } from './raw-answer.ts';

/** An error of Node's HTTP parser or of a client's connection. */
export interface ClientError extends Error {
  readonly code?: string;
}

/** So much is read and dropped of what comes behind a refusal, so that its client, still busy sending, gets to read it. */
const mostDroppedBytes = 1024 * 1024;

/**
 * For `clientError` of the server. What cannot be read is refused with a bare answer, but never into the middle of
 * another one: whoever sent a complete request gets its answer, whatever comes behind it, and so does whoever was
 * answered already. Then the connection ends.
 */
export function createClientErrors(
  connections: Pick<Connections, 'of'>,
  metrics: Pick<ProxyMetrics, 'request'>,
): (error: ClientError, socket: Socket) => void {
  /** What they had sent when they were refused. */
  const closing = new WeakMap<Socket, number>();
  const refuse = (code: string | undefined, socket: Socket): void => {
    const { error, status } = parserRefusal(code);
    metrics.request('other', status);
    refuseSocket(socket, error, status);
  };
  const settle = (
    code: string | undefined,
    socket: Socket,
    answer: Answer,
    before: Answer | undefined,
  ): void => {
    // Who does not send to the end may not read to the end either.
    const isSaid = answer.isEnded && code !== 'ERR_HTTP_REQUEST_TIMEOUT';
    if (answer.isAsked || isSaid) {
      answer.endConnection();
      answer.onceClosed(() => socket.end());
    } else if (answer.headersSent) socket.destroy();
    // Answers go out in the order of requests.
    else if (before?.finished === false) before.onceClosed(() => refuse(code, socket));
    else refuse(code, socket);
  };
  return (error, socket) => {
    const readBefore = closing.get(socket);
    if (readBefore !== undefined) {
      const isTooMuch = socket.bytesRead - readBefore > mostDroppedBytes;
      // Who has not read it by then does not look.
      if (isTooMuch && socket.writableEnded) socket.destroy();
      return;
    }
    // There is nobody to be told.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    closing.set(socket, socket.bytesRead);
    const connection = connections.of(socket);
    const answer = connection?.newest;
    if (answer !== undefined && !answer.finished)
      settle(error.code, socket, answer, connection?.before);
    // It came before the answer was finished, and is read only now.
    else if (connection?.isLate === true) socket.end();
    else refuse(error.code, socket);
  };
}
