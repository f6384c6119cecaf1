import type { IncomingMessage } from 'node:http';
import { errorReply, type Reply } from './replies.ts';

/** Throws on what is no UTF-8; a byte order mark stays, it is the engine's business. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The body of a request as the text that HEAppE carries. What it cannot carry is refused here, before it or an
 * engine sees any of it.
 * @param limitBytes of the whole call; a longer body cannot fit, since escaping makes it no shorter
 * @throws the stream's error when the client goes away
 */
export async function readPayload(
  request: IncomingMessage,
  limitBytes: number,
): Promise<{ readonly payload: string } | { readonly refused: Reply }> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    // What is too long is read to its end, so that the answer is heard, and not kept.
    if (size <= limitBytes) pieces.push(piece);
  }
  if (size > limitBytes) return { refused: tooLarge(size, limitBytes) };
  if (request.headers['content-encoding'] !== undefined) {
    return { refused: errorReply('unsupported_media_type', 'HEAppE carries no packed bodies.') };
  }
  try {
    return { payload: decoder.decode(Buffer.concat(pieces)) };
  } catch {
    const words = 'HEAppE carries text only: this body is not UTF-8.';
    return { refused: errorReply('unsupported_media_type', words) };
  }
}

/** Bytes of the body, or of the call where escapes make the difference; null: nobody has said. */
export function tooLarge(bytes: number | null, limitBytes: number | null): Reply {
  const has = bytes === null ? 'The request is too long' : `The request has ${bytes} bytes`;
  const takes = limitBytes === null ? 'HEAppE takes less' : `HEAppE takes ${limitBytes} bytes`;
  const words =
    `${has} on its way to the engine: ${takes}, and counts the prompt as escaped JSON. ` +
    'Shorten the prompt, or pass images by URL.';
  return errorReply('payload_too_large', words);
}
