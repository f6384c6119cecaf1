import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Delta } from './choice.ts';
import type { Engine } from './engine.ts';
import { EngineError, errorEventPayload } from './engine-error.ts';
import { sendJson } from './http.ts';
import type { Dialect } from './options.ts';
import type { GenerationRequest } from './request.ts';
import {
  deltaChunk,
  type Envelope,
  type FinishedChoice,
  roleChunk,
  type Usage,
  usageChunk,
  wholeAnswer,
} from './wire.ts';

/** Everything that one generating request needs to be answered. */
export interface AnswerContext {
  readonly engine: Engine;
  readonly dialect: Dialect;
  readonly envelope: Envelope;
  readonly request: GenerationRequest;
  readonly response: ServerResponse;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** What was generated so far. */
  usage: Usage;
}

/** Generates the whole answer, then sends it. */
export async function answerWhole(context: AnswerContext): Promise<void> {
  const { engine, envelope, request, response, signal } = context;
  const { generation } = request;
  const texts = new Array<string>(generation.n).fill('');
  const finished: FinishedChoice[] = [];
  for await (const tick of engine.generate(generation, signal)) {
    context.usage = { ...context.usage, completionTokens: tick.completionTokens };
    for (const { index, text, finish } of tick.deltas) {
      texts[index] += text;
      if (finish === null) continue;
      const { reason, stopReason } = finish;
      finished.push({ index, text: texts[index] ?? '', reason, stopReason });
    }
  }
  const choices = finished.sort((a, b) => a.index - b.index);
  sendJson(response, 200, wholeAnswer(envelope, choices, context.usage));
}

/** Streams the answer: role chunk, one chunk a token, the last with its reason, usage if asked, `[DONE]`. */
export async function answerStream(context: AnswerContext): Promise<void> {
  const { dialect, response, signal } = context;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  try {
    for await (const payload of chunks(context)) await send(response, payload, signal);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    await send(response, errorEventPayload(dialect, error), signal);
  }
  response.end('data: [DONE]\n\n');
}

async function* chunks(context: AnswerContext): AsyncGenerator<unknown> {
  const { engine, envelope, request, signal } = context;
  const { generation, includeUsage, continuousUsage } = request;
  let first = true;
  for await (const { deltas, completionTokens } of engine.generate(generation, signal)) {
    context.usage = { ...context.usage, completionTokens };
    if (first) yield* roleChunks(envelope, deltas);
    first = false;
    const soFar = includeUsage && continuousUsage ? context.usage : null;
    yield* deltaChunks(envelope, deltas, soFar, includeUsage);
  }
  if (includeUsage) yield usageChunk(envelope, context.usage);
}

function roleChunks(envelope: Envelope, deltas: readonly Delta[]): readonly unknown[] {
  return envelope.kind === 'chat' ? deltas.map(({ index }) => roleChunk(envelope, index)) : [];
}

/** Text that is held back for a stop string makes no chunk. */
function deltaChunks(
  envelope: Envelope,
  deltas: readonly Delta[],
  usage: Usage | null,
  usageFollows: boolean,
) {
  return deltas
    .filter(({ text, finish }) => text !== '' || finish !== null)
    .map((delta) => deltaChunk(envelope, delta, usage, usageFollows));
}

async function send(response: ServerResponse, payload: unknown, signal: AbortSignal) {
  if (response.write(`data: ${JSON.stringify(payload)}\n\n`)) return;
  await once(response, 'drain', { signal });
}
