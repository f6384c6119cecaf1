import type { IncomingMessage } from 'node:http';
import { parseTraceparent, traceContext, traceparent } from '@wakefield/runtime';
import type { IsTrusted } from './peers.ts';

/**
 * Says in `X-Forwarded-*` where the request was seen. What it says of that itself is taken from a trusted peer, a
 * balancer in front, and from nobody else: those behind us act upon it.
 */
export function tellForwarded({ headers, socket }: IncomingMessage, isTrusted: IsTrusted): void {
  const peer = socket.remoteAddress;
  if (!isTrusted(peer)) {
    for (const name in headers) {
      if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete headers[name];
    }
  }
  const before = headers['x-forwarded-for'];
  const chain = [...(before === undefined ? [] : [String(before)]), peer ?? 'unknown'];
  headers['x-forwarded-for'] = chain.join(', ');
  // TLS ends in front of us.
  headers['x-forwarded-proto'] ??= 'http';
  if (headers.host !== undefined) headers['x-forwarded-host'] ??= headers.host;
}

/** One request is one id and one trace on both sides. */
export function mark({ headers }: IncomingMessage, requestId: string): void {
  headers['x-request-id'] = requestId;
  if (parseTraceparent(headers.traceparent) === null) {
    headers.traceparent = traceparent(traceContext(undefined));
  }
}
