import { percentile } from '../percentile.ts';
import type { Target } from './targets.ts';

/** Figures of one target in one round. */
export interface Round {
  readonly target: string;
  /** Milliseconds of a plain answer of one token, one at a time. */
  readonly plainMs: number;
  readonly plainP95Ms: number;
  /** Until the first bytes of a stream. */
  readonly firstMs: number;
  /** Milliseconds for each token of a stream behind the first, one stream at a time. */
  readonly tokenMs: number;
  /** CPU of this process, client and bridge together, in microseconds. */
  readonly requestCpu: number;
  readonly tokenCpu: number;
}

export interface Size {
  readonly requests: number;
  readonly streams: number;
  readonly tokens: number;
  /** Streams at once while CPU is measured. */
  readonly atOnce: number;
}

const question = { messages: [{ role: 'user', content: 'Hello there. '.repeat(150) }] };

export async function measureRound(target: Target, size: Size): Promise<Round> {
  const plain: number[] = [];
  const cpuBefore = cpuMicros();
  for (let index = 0; index < size.requests; index += 1) plain.push(await plainOnce(target));
  const requestCpu = (cpuMicros() - cpuBefore) / size.requests;
  const firsts: number[] = [];
  const tokens: number[] = [];
  for (let index = 0; index < size.streams; index += 1) {
    const { firstMs, restMs } = await streamOnce(target, size.tokens);
    firsts.push(firstMs);
    tokens.push(restMs / size.tokens);
  }
  return {
    target: target.name,
    plainMs: percentile(plain, 0.5),
    plainP95Ms: percentile(plain, 0.95),
    firstMs: percentile(firsts, 0.5),
    tokenMs: percentile(tokens, 0.5),
    requestCpu,
    tokenCpu: await tokenCpuOf(target, size),
  };
}

async function plainOnce(target: Target): Promise<number> {
  const startedAt = performance.now();
  const { statusCode, body } = await target.chat({ ...question, max_tokens: 1 });
  const text = await body.text();
  if (statusCode !== 200 || !text.includes('chat.completion')) throw new Error(text);
  return performance.now() - startedAt;
}

async function streamOnce(
  target: Target,
  tokens: number,
): Promise<{ readonly firstMs: number; readonly restMs: number }> {
  const startedAt = performance.now();
  const more = { max_tokens: tokens, ignore_eos: true, stream: true };
  const { statusCode, body } = await target.chat({ ...question, ...more });
  if (statusCode !== 200) throw new Error(await body.text());
  let firstAt = 0;
  let last = '';
  for await (const piece of body as AsyncIterable<Buffer>) {
    if (firstAt === 0) firstAt = performance.now();
    last = piece.toString('latin1', Math.max(0, piece.length - 16));
  }
  if (!last.endsWith('[DONE]\n\n')) throw new Error(`${target.name} broke off: ${last}`);
  return { firstMs: firstAt - startedAt, restMs: performance.now() - firstAt };
}

async function tokenCpuOf(target: Target, { atOnce, tokens, streams }: Size): Promise<number> {
  const each = Math.ceil(streams / 4);
  const before = cpuMicros();
  const all = Array.from({ length: atOnce }, async () => {
    for (let index = 0; index < each; index += 1) await streamOnce(target, tokens);
  });
  await Promise.all(all);
  return (cpuMicros() - before) / (atOnce * each * tokens);
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
