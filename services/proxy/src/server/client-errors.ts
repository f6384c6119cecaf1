import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '@wakefield/domain';
import type { ProxyMetrics } from '../metrics.ts';
import { refuseSocket } from './raw-answer.ts';

/** An error of Node's HTTP parser or of a client's connection. */
export interface ClientError extends Error {
  readonly code?: string;
}

/** What becomes of connections that stop speaking HTTP. */
export interface ClientErrors {
  /** Told of every request, before it is answered. */
  watch(socket: Duplex, response: ServerResponse): void;
  /** For `clientError` of the server. */
  readonly handle: (error: ClientError, socket: Duplex) => void;
}

/**
 * What cannot be read is refused with a bare answer, but never into the middle of another one: whoever sent a
 * complete request gets its answer, whatever comes behind it, and then the connection ends.
 */
export function createClientErrors(metrics: Pick<ProxyMetrics, 'request'>): ClientErrors {
  /** The newest response of each connection: answers go out in the order of their requests. */
  const newest = new WeakMap<Duplex, ServerResponse>();
  const closing = new WeakSet<Duplex>();

  const handle = (error: ClientError, socket: Duplex): void => {
    if (closing.has(socket)) return;
    // There is nobody to be told.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    closing.add(socket);
    const response = newest.get(socket);
    if (response === undefined || response.writableFinished) refuse(error, socket);
    else if (response.req.complete) {
      response.shouldKeepAlive = false;
      response.once('finish', () => socket.end());
    } else if (response.headersSent) socket.destroy();
    else refuse(error, socket);
  };
  const refuse = (error: ClientError, socket: Duplex): void => {
    const { refusal, status } = refusalOf(error);
    metrics.request('other', refuseSocket(socket, refusal, undefined, status));
  };

  return {
    watch: (socket, response) => newest.set(socket, response),
    handle,
  };
}

function refusalOf({ code }: ClientError): { refusal: AppError; status?: number } {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { refusal: new AppError('request_timeout', 'The request did not arrive in time.') };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = 'The headers of the request are too large.';
    // RFC 6585 §5.
    return { refusal: new AppError('invalid_request', message), status: 431 };
  }
  const message = 'This is not a well-formed HTTP request.';
  return { refusal: new AppError('invalid_request', message) };
}
