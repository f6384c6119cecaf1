import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody, errorHeaders, errorTable } from '@wakefield/contracts';
import type { AppError } from '@wakefield/domain';

/**
 * Asks for the body of a client that waits to be asked (RFC 9110 §10.1.1). Until then the expectation stands
 * among the headers, and an answer tells by it that the connection is of no further use.
 */
export function letBodyCome(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect === undefined) return;
  // HTTP/1.0 knows no answer before the answer.
  if (request.httpVersion === '1.1') response.writeContinue();
  delete request.headers.expect;
}

/** Answers with JSON. Nothing may have been sent yet. */
export function sendJson(
  response: ServerResponse,
  requestId: string,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(value);
  // Who was refused by the head alone may or may not send its body then: what comes next cannot be told.
  if (response.req.headers.expect !== undefined) response.shouldKeepAlive = false;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Answers with the one envelope for errors. */
export function sendError(
  response: ServerResponse,
  requestId: string,
  error: AppError,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, requestId, errorTable[error.code].status, errorBody(error, requestId), {
    ...errorHeaders(error),
    ...headers,
  });
}
