import OpenAI from 'openai';
import { Agent, request } from 'undici';
import type { Wakefield } from '../wakefield.ts';

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
/** Names of the clients' ways of asking. */
type Way = 'openai plain' | 'openai stream' | 'undici plain' | 'undici stream';

/**
 * The official client, told not to try again, and undici, both on connections that they keep: some ask plainly,
 * some for streams, one request after the other.
 */
export function startSteady({ url, key }: Pick<Wakefield, 'url' | 'key'>, model: string): Steady {
  const openai = new OpenAI({ baseURL: `${url}/p/demo/openai/v1`, apiKey: key, maxRetries: 0 });
  const agent = new Agent({ keepAliveTimeout: 60_000 });
  const counts = { plain: 0, streams: 0 };
  const failures: string[] = [];
  let stopping = false;
  const body = (tokens: number, stream: boolean) => ({
    model,
    messages: [{ role: 'user' as const, content: 'Good morning!' }],
    ignore_eos: true,
    max_tokens: tokens,
    stream,
  });

  const ways: Readonly<Record<Way, () => Promise<number>>> = {
    'openai plain': async () => {
      const answer = await openai.chat.completions.create({
        ...body(plainTokens, false),
        stream: false,
      });
      return answer.usage?.completion_tokens ?? 0;
    },
    'openai stream': async () => {
      const parts = await openai.chat.completions.create({
        ...body(streamTokens, true),
        stream: true,
      });
      let tokens = 0;
      for await (const part of parts) if (part.choices[0]?.delta.content) tokens += 1;
      return tokens;
    },
    'undici plain': async () => {
      const text = await askWithUndici(plainTokens, false);
      return (JSON.parse(text) as { usage: { completion_tokens: number } }).usage.completion_tokens;
    },
    'undici stream': async () => {
      const text = await askWithUndici(streamTokens, true);
      if (!text.trimEnd().endsWith('data: [DONE]')) throw new Error(`cut: …${text.slice(-200)}`);
      return text.match(/"content":"[^"]/g)?.length ?? 0;
    },
  };

  async function askWithUndici(tokens: number, stream: boolean): Promise<string> {
    const answer = await request(`${url}/p/demo/openai/v1/chat/completions`, {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body(tokens, stream)),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`);
    return text;
  }

  async function client(way: Way): Promise<void> {
    const isStream = way.endsWith('stream');
    while (!stopping) {
      try {
        const tokens = await ways[way]();
        const wanted = isStream ? streamTokens : plainTokens;
        if (tokens !== wanted) throw new Error(`${tokens} tokens instead of ${wanted}`);
        counts[isStream ? 'streams' : 'plain'] += 1;
      } catch (error) {
        const { message, cause } = error as Error;
        const at = new Date().toISOString();
        failures.push(`${at} ${way}: ${message} ${(cause as Error | undefined)?.message ?? ''}`);
      }
    }
  }

  const clients = (Object.keys(ways) as Way[]).flatMap((way) => [client(way), client(way)]);
  return {
    get plain() {
      return counts.plain;
    },
    get streams() {
      return counts.streams;
    },
    failures,
    async stop() {
      stopping = true;
      await Promise.all(clients);
      await agent.close();
    },
  };
}
