import type { ServerResponse } from 'node:http';

/** An answer in one piece. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Codes and types are those that Wakefield uses elsewhere (packages/contracts/src/error-table.ts). */
const errors = {
  invalid_request: [400, 'invalid_request_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  payload_too_large: [413, 'invalid_request_error'],
  unsupported_media_type: [415, 'invalid_request_error'],
  upstream_error: [502, 'server_error'],
  overloaded: [503, 'server_error'],
  upstream_timeout: [504, 'server_error'],
} as const;

export type BridgeError = keyof typeof errors;

/** Repeating one of these costs an engine again, and changes nothing. */
const inVain: ReadonlySet<BridgeError> = new Set([
  'invalid_request',
  'method_not_allowed',
  'payload_too_large',
  'unsupported_media_type',
  'upstream_timeout',
]);

/** An error of the bridge's own, in OpenAI's form. */
export function errorReply(code: BridgeError, message: string): Reply {
  const [status] = errors[code];
  return {
    status,
    contentType: 'application/json',
    body: errorJson(code, message),
    ...(inVain.has(code) ? { headers: { 'x-should-retry': 'false' } } : {}),
  };
}

/** The last event of a stream that failed; OpenAI clients raise it. */
export function errorEvent(message: string): string {
  return `data: ${errorJson('upstream_error', message)}\n\n`;
}

/** What an engine has answered in one piece, which HEAppE calls an event stream or does not name. */
export function engineReply(status: number, body: string | Buffer): Reply {
  return { status, contentType: typeOf(body), body };
}

export function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': Buffer.byteLength(reply.body),
    ...reply.headers,
  });
  response.end(reply.body);
}

/** By its first byte: engines answer with JSON, event streams, and text such as metrics. */
export function typeOf(body: string | Buffer): string {
  const start = (typeof body === 'string' ? body : body.toString('latin1', 0, 64)).trimStart();
  if (/^(data|event|id|retry)?:/.test(start)) return 'text/event-stream; charset=utf-8';
  return /^[[{"]/.test(start) ? 'application/json' : 'text/plain; charset=utf-8';
}

function errorJson(code: BridgeError, message: string): string {
  const [, type] = errors[code];
  return JSON.stringify({ error: { message, type, code, param: null } });
}
