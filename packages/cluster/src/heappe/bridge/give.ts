import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Outcome } from './asked.ts';
import { troubleOfCall, troubleOfStream } from './node-trouble.ts';
import type { NodeStream } from './open-stream.ts';
import { engineReply, errorEvent, send, typeOf } from './replies.ts';

/** Answers up to this size are complete before the first byte goes out: until then they may turn out an error. */
const collectedBytes = 1 << 20;

/**
 * Gives what an engine answers to the one who asked, as fast as they take it.
 * @throws NodeTrouble when it breaks off and nothing better can be said than that
 */
export async function give(
  response: ServerResponse,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<void> {
  if (outcome.kind === 'reply') return send(response, outcome.reply);
  const { stream } = outcome;
  try {
    if (stream.kind === 'events') await giveEvents(response, stream, signal);
    else await givePlain(response, stream, signal);
  } catch (error) {
    throw troubleOfCall(error);
  } finally {
    stream.destroy();
  }
}

async function giveEvents(
  response: ServerResponse,
  stream: NodeStream,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  for await (const piece of stream.pieces()) await write(response, piece, signal);
  if (stream.error === null) response.end();
  else response.end(errorEvent(brokeOff));
}

async function givePlain(
  response: ServerResponse,
  stream: NodeStream,
  signal: AbortSignal,
): Promise<void> {
  let collected: Buffer[] | null = [];
  let size = 0;
  for await (const piece of stream.pieces()) {
    size += piece.length;
    if (collected === null) await write(response, piece, signal);
    else {
      collected.push(piece);
      if (size <= collectedBytes) continue;
      const start = Buffer.concat(collected);
      collected = null;
      response.writeHead(200, { 'content-type': typeOf(start) });
      await write(response, start, signal);
    }
  }
  if (stream.error !== null) throw troubleOfStream(stream.error);
  if (collected === null) response.end();
  else send(response, engineReply(200, Buffer.concat(collected)));
}

const brokeOff =
  'The connection to the engine broke before the answer was complete; what came so far is all there is.';

async function write(response: ServerResponse, piece: Buffer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!response.write(piece)) await once(response, 'drain', { signal });
}
