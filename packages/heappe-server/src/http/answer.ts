import { randomBytes } from 'node:crypto';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { VersionTraits } from '../versions.ts';
import { BindingError, BodyTooLarge, PlainAnswer, problemOf } from './heappe-error.ts';

export function sendJson(
  response: ServerResponse,
  status: number,
  payload: unknown,
  type = 'application/json; charset=utf-8',
): void {
  if (response.headersSent) return;
  const body = Buffer.from(JSON.stringify(payload));
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(body);
}

/** The words of ASP.NET's status code pages. */
export function sendStatusPage(response: ServerResponse, status: number): void {
  sendPlain(response, status, `Status Code: ${status}; ${STATUS_CODES[status] ?? ''}`);
}

function sendPlain(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return;
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length });
  response.end(body);
}

/** Whatever a handler threw, as HEAppE and what is in front of it would answer. */
export function sendError(response: ServerResponse, error: unknown, traits: VersionTraits): void {
  if (response.headersSent) {
    response.destroy();
  } else if (error instanceof BodyTooLarge) {
    // Kestrel does not read on, so the connection is of no more use.
    response.writeHead(413, { 'content-length': 0, connection: 'close' });
    response.end();
  } else if (error instanceof PlainAnswer) {
    sendPlain(response, error.status, error.message);
  } else if (error instanceof BindingError) {
    const body = {
      type: 'https://tools.ietf.org/html/rfc9110#section-15.5.1',
      title: error.message,
      status: 400,
      errors: error.errors,
      traceId: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`,
    };
    sendJson(response, 400, body, 'application/problem+json; charset=utf-8');
  } else {
    const problem = problemOf(error, traits);
    sendJson(response, problem.status, problem);
  }
}
