import type { IncomingMessage } from 'node:http';
import { BindingError, BodyTooLarge } from './heappe-error.ts';

/** @throws BodyTooLarge as soon as it is known */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge();
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) throw new BodyTooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @throws BindingError when it is not JSON */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw new BindingError({ '': ['A non-empty request body is required.'] });
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new BindingError({ $: [`${(error as Error).message} Path: $.`] });
  }
}
