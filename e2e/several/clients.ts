import OpenAI from 'openai';
import { Agent } from 'undici';
import { ask, type ChatResult, chatAnew, chatBody, type Target, wordsOf } from '../requests/ask.ts';
import { closedLoop } from '../requests/loops.ts';
import { outcomeOf } from '../requests/outcome.ts';

/** What clients on kept connections went through. */
export interface Steady {
  /** Requests that ended as they should, so far. */
  readonly plain: number;
  readonly streams: number;
  /** Words for each that did not. */
  readonly failures: readonly string[];
  /** Resolves when the last request has ended. */
  stop(): Promise<void>;
}

/** Three seconds at the speed of the engine here. */
const streamTokens = 60;
const plainTokens = 2;

/** Forty-five seconds. */
const longTokens = 900;

/** Requests that last, several of each kind, each on a connection of its own. */
export interface Lasting {
  /** Resolves when every stream has begun. */
  readonly begun: Promise<unknown>;
  /** What became of the streams, and of those that waited. */
  readonly results: Promise<readonly ChatResult[]>;
}

/** @param asleep a model that is to be woken by those that wait for it */
export function startLasting(target: Target, model: string, asleep: string, each: number): Lasting {
  const begun = Array.from({ length: each }, () => Promise.withResolvers<unknown>());
  const streams = begun.map(({ resolve: onLine }) =>
    chatAnew(target, model, longTokens, { stream: true, onLine }),
  );
  const held = begun.map(() => chatAnew(target, asleep, 1));
  return {
    begun: Promise.all(begun.map(({ promise }) => promise)),
    results: Promise.all([...streams, ...held]),
  };
}

/** @returns null, or what went wrong */
type Way = () => Promise<string | null>;

/**
 * The official client, told not to try again, and undici, both on connections that they keep: some ask plainly,
 * some for streams, one request after the other.
 */
export function startSteady(target: Target, model: string): Steady {
  const agent = new Agent({ keepAliveTimeout: 60_000 });
  const counts = { plain: 0, streams: 0 };
  const failures: string[] = [];
  const people = [
    ...officialWays(target, model),
    ...([false, true] as const).map((stream) => ({
      name: `undici ${stream ? 'stream' : 'plain'}`,
      stream,
      way: async () => {
        const tokens = tokensOf(stream);
        return (await ask(target, { model, tokens, stream, dispatcher: agent })).error;
      },
    })),
  ].map(({ name, stream, way }) => async () => {
    const error = await way();
    if (error === null) counts[stream ? 'streams' : 'plain'] += 1;
    else failures.push(`${new Date().toISOString()} ${name}: ${error}`);
  });
  const loop = closedLoop([...people, ...people]);
  return {
    get plain() {
      return counts.plain;
    },
    get streams() {
      return counts.streams;
    },
    failures,
    async stop() {
      await loop.stop();
      await agent.close();
    },
  };
}

/** How OpenAI's own client asks: what it does not throw for is whole when every token came. */
function officialWays({ url, key }: Target, model: string) {
  const openai = new OpenAI({ baseURL: `${url}/p/demo/openai/v1`, apiKey: key, maxRetries: 0 });
  const told = (stream: boolean, count: () => Promise<number>): Way => {
    return async () => {
      try {
        const reading = { tokens: await count(), done: true, error: null };
        return outcomeOf(200, reading, tokensOf(stream)).error;
      } catch (error) {
        return wordsOf(error);
      }
    };
  };
  const plain = told(false, async () => {
    const body = { ...chatBody(model, plainTokens, false), stream: false as const };
    return (await openai.chat.completions.create(body)).usage?.completion_tokens ?? 0;
  });
  const stream = told(true, async () => {
    const body = { ...chatBody(model, streamTokens, true), stream: true as const };
    let tokens = 0;
    for await (const part of await openai.chat.completions.create(body))
      if (part.choices[0]?.delta.content) tokens += 1;
    return tokens;
  });
  return [
    { name: 'openai plain', stream: false, way: plain },
    { name: 'openai stream', stream: true, way: stream },
  ];
}

function tokensOf(stream: boolean): number {
  return stream ? streamTokens : plainTokens;
}
