import { errorBody, errorHeaders, errorTable } from '@wakefield/contracts';
import type { AppError } from '@wakefield/domain';
import type { ClientCall } from './client-call.ts';

/** Answers with JSON. Nothing may have been sent yet. */
export function sendJson(
  client: ClientCall,
  requestId: string,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(value);
  // Who was refused by the head alone may or may not send its body then: what comes next cannot be told.
  if (client.header('expect') !== undefined) client.endConnection();
  client.writeHead(status, [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-request-id',
    requestId,
    ...Object.entries(headers).flat(),
  ]);
  client.end(client.method === 'HEAD' ? undefined : body);
}

/** Answers with the one envelope for errors. */
export function sendError(
  client: ClientCall,
  requestId: string,
  error: AppError,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(client, requestId, errorTable[error.code].status, errorBody(error, requestId), {
    ...errorHeaders(error),
    ...headers,
  });
}
