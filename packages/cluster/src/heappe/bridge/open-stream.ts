import type { NodeRequest } from '../api/transfers.ts';
import type { HeappeClient } from '../client.ts';
import { HeappeError } from '../failures.ts';
import { NodeTrouble, troubleOfCall, troubleOfStream } from './node-trouble.ts';
import { StreamReader } from './stream-reader.ts';

/** An answer of an engine that has begun, read without HEAppE's own words. */
export interface NodeStream {
  readonly kind: 'events' | 'plain';
  /** The first of the pieces. */
  readonly first: Buffer;
  /** Whole events, or pieces of a plain answer. HEAppE's error behind them is in `error` when it has ended. */
  pieces(): AsyncGenerator<Buffer, void, void>;
  readonly error: string | null;
  destroy(): void;
}

/**
 * Asks an engine and waits until it is known whether it answers.
 * @throws NodeTrouble when nothing of an answer has come
 */
export async function openStream(
  { transfers }: Pick<HeappeClient, 'transfers'>,
  request: NodeRequest & { readonly payload: string },
  signal: AbortSignal,
): Promise<NodeStream> {
  try {
    const { body } = await transfers.postStream(request, signal);
    // Who destroys it knows why.
    body.on('error', () => undefined);
    const reader = new StreamReader();
    const source = body[Symbol.asyncIterator]();
    const first = await firstPiece(reader, source);
    if (first.length === 0 && reader.error !== null) {
      body.destroy();
      throw troubleOfStream(reader.error);
    }
    return {
      kind: reader.kind ?? 'plain',
      first,
      pieces: () => allPieces(first, reader, source),
      get error() {
        return reader.error;
      },
      destroy: () => void body.destroy(),
    };
  } catch (error) {
    // A gateway that had no byte for too long. The engine is at it, and would be again: nobody is asked once more.
    if (error instanceof HeappeError && error.status === 504)
      throw new NodeTrouble('timeout', error.message, null, error);
    throw troubleOfCall(error);
  }
}

/** Until there is something of the engine, an error, or the end. */
async function firstPiece(reader: StreamReader, source: AsyncIterator<Buffer>): Promise<Buffer> {
  for (;;) {
    const { done, value } = await source.next();
    if (done === true) return reader.end();
    const piece = reader.push(value);
    if (piece.length > 0 || reader.error !== null) return piece;
  }
}

async function* allPieces(
  first: Buffer,
  reader: StreamReader,
  source: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, void> {
  if (first.length > 0) yield first;
  while (reader.error === null) {
    const { done, value } = await source.next();
    const piece = done === true ? reader.end() : reader.push(value);
    if (piece.length > 0) yield piece;
    if (done === true) return;
  }
}
