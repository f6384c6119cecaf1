import { Agent, request } from 'undici';

/** What became of one request. */
export interface Outcome {
  readonly model: string;
  readonly stream: boolean;
  /** When it was due, epoch milliseconds: an open load does not wait for those before. */
  readonly dueAt: number;
  /** From then to the first byte of the body, milliseconds. */
  readonly firstByteMs: number | null;
  readonly endedAt: number;
  /** null: every byte came, and the end as the protocol says it. */
  readonly error: string | null;
}

export interface Traffic {
  readonly outcomes: readonly Outcome[];
  /** Sends no more; resolves when the last answer is there. */
  stop(): Promise<void>;
}

export interface Target {
  readonly url: string;
  readonly key: string;
}

const plainTokens = 2;
const streamTokens = 40;
/** Every n-th request is a stream. */
const streamEvery = 10;
/** Nobody waits longer. */
const patienceMs = 120_000;
/** What leaves between two beats is late by our own fault. */
const beatMs = 2;

/** Requests at a fixed rate over all models in turn, on kept connections, whatever became of those before. */
export function startTraffic(
  { url, key }: Target,
  models: readonly string[],
  perSecond: number,
): Traffic {
  const agent = new Agent({ connections: 128, keepAliveTimeout: 30_000 });
  const outcomes: Outcome[] = [];
  const underWay = new Set<Promise<void>>();
  const startedAt = Date.now();
  let sent = 0;

  async function ask(index: number, dueAt: number): Promise<void> {
    const model = models[index % models.length] ?? '';
    const stream = Math.floor(index / models.length) % streamEvery === 0;
    let firstByteMs: number | null = null;
    let error: string | null = null;
    try {
      const answer = await request(`${url}/p/demo/openai/v1/chat/completions`, {
        method: 'POST',
        dispatcher: agent,
        signal: AbortSignal.timeout(patienceMs),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(chatBody(model, stream)),
      });
      const parts: Buffer[] = [];
      for await (const part of answer.body) {
        firstByteMs ??= Date.now() - dueAt;
        parts.push(part as Buffer);
      }
      error = problemOf(answer.statusCode, Buffer.concat(parts).toString(), stream);
    } catch (failure) {
      const { message, cause } = failure as Error & { readonly cause?: Error };
      error = `${message} ${cause?.message ?? ''}`.trim();
    }
    outcomes.push({ model, stream, dueAt, firstByteMs, endedAt: Date.now(), error });
  }

  const beat = setInterval(() => {
    const due = Math.floor(((Date.now() - startedAt) / 1_000) * perSecond);
    for (; sent < due; sent += 1) {
      const one = ask(sent, startedAt + (sent / perSecond) * 1_000);
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
    }
  }, beatMs);
  return {
    outcomes,
    async stop() {
      clearInterval(beat);
      await Promise.all(underWay);
      await agent.close();
    },
  };
}

/** The engines' own `ignore_eos` beside OpenAI's fields: go on until max_tokens. */
export function chatBody(model: string, stream: boolean) {
  return {
    model,
    messages: [{ role: 'user', content: 'Good morning!' }],
    ignore_eos: true,
    max_tokens: stream ? streamTokens : plainTokens,
    stream,
  };
}

function problemOf(status: number, text: string, stream: boolean): string | null {
  if (status !== 200) return `${status} ${text.slice(0, 200)}`;
  if (!stream) return text.includes('"usage"') ? null : `cut: ${text.slice(-80)}`;
  const error = /^data: (\{"error".*)$/m.exec(text)?.[1];
  if (error !== undefined) return `event ${error.slice(0, 200)}`;
  const tokens = text.match(/"content":"[^"]/g)?.length ?? 0;
  if (!text.trimEnd().endsWith('data: [DONE]')) return `cut after ${tokens} tokens`;
  return tokens >= streamTokens ? null : `only ${tokens} tokens`;
}
