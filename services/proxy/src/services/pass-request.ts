import {
  request as ask,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import type { Traffic } from '../inference/session/session-relay.ts';
import { isFramed } from '../server/framing.ts';

/** One request on its way to a service. */
export interface Passing {
  /** Method, path, headers and connection. */
  readonly options: RequestOptions;
  /** Makes of the service's headers those for its caller. */
  headersOf(headers: IncomingHttpHeaders): IncomingHttpHeaders;
  /** It said nothing of an answer that could be passed on. */
  failed(error: Error): void;
  /** Its answer has begun, and breaks off. */
  cut(): void;
  /** Told of both bodies. */
  readonly traffic: Traffic;
}

/**
 * Sends a request on and its answer back, each as it comes: whoever reads slowly holds the other side up, and neither body is
 * kept. What breaks off in the middle breaks off for the caller, too.
 */
export function passRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { options, headersOf, failed, cut, traffic }: Passing,
): void {
  const attempt = ask(options);
  const up = (piece: Buffer): void => traffic.passed('up', piece.length);
  let isOver = false;
  const fail = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    if (response.headersSent) {
      cut();
      response.destroy();
    } else {
      if (!request.complete) response.shouldKeepAlive = false;
      failed(error);
    }
    attempt.destroy();
  };
  attempt.once('response', (answer) => {
    try {
      response.writeHead(answer.statusCode ?? 502, headersOf(answer.headers));
    } catch (error) {
      // A status or a header that was read and cannot be written.
      fail(error as Error);
      return;
    }
    // An event stream may say nothing for long, and its reader wants to know that it is there.
    response.flushHeaders();
    answer.once('error', fail).once('end', () => {
      isOver = true;
    });
    answer.on('data', (piece: Buffer) => traffic.passed('down', piece.length));
    answer.pipe(response);
  });
  attempt.on('error', fail);
  attempt.once('close', () => {
    // Nothing was said, or it switches protocols without having been asked to.
    fail(new Error('the service closed its connection'));
    // The rest of the body is of no more use to anybody.
    request.unpipe(attempt).off('data', up);
    request.resume();
  });
  response.once('close', () => {
    isOver = true;
    attempt.destroy();
  });
  if (isFramed(request)) request.on('data', up).pipe(attempt);
  else attempt.end();
}
