import type { ServerResponse } from 'node:http';
import { errorBody, errorHeaders, errorTable } from '@wakefield/contracts';
import type { AppError } from '@wakefield/domain';

/** Answers with JSON. Nothing may have been sent yet. */
export function sendJson(
  response: ServerResponse,
  requestId: string,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(value);
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
