import type { IncomingMessage } from 'node:http';

/** Methods whose requests are complete without a word about their length (RFC 9110 §8.6). */
const withoutLength: ReadonlySet<string> = new Set(['GET', 'HEAD', 'TRACE']);

/** Whether the head announces a body, if only an empty one (RFC 9112 §6.3). */
export function isFramed({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/**
 * Decides how the body is framed on its way: in pieces if it came so, else by its length. Whoever sends it on does
 * so by these headers alone.
 */
export function setFraming({ method, headers }: IncomingMessage): void {
  if (headers['transfer-encoding'] !== undefined) {
    headers['transfer-encoding'] = 'chunked';
    delete headers['content-length'];
  } else if (!withoutLength.has(method ?? 'GET')) headers['content-length'] ??= '0';
}
