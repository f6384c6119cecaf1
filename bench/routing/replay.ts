import { Agenda } from './agenda.ts';
import { KvCache } from './kv-cache.ts';
import { type Engine, endpointOf, type Policy } from './policies.ts';
import type { Prompt } from './prompts.ts';
import type { Conversation } from './trace.ts';

/** What engines are like; times as of a small model on one GPU. */
export interface Fleet {
  readonly engines: number;
  /** Blocks that one keeps. */
  readonly cacheBlocks: number;
}

const prefillMsPerToken = 0.2;
const decodeMsPerToken = 20;

export interface Outcome {
  readonly requests: number;
  /** Share of all tokens of prompts that were in the cache of the engine that got them. */
  readonly hitRate: number;
  /** Requests under way on the busiest engine, by those on an engine in the mean; both in the mean over time. */
  readonly imbalance: number;
  /** Requests under way on an engine. */
  readonly load: number;
}

/** Lets a trace go through a fleet in a time of its own: nothing but computation, the same each time. */
export function replay(
  trace: readonly Conversation[],
  prompts: readonly (readonly Prompt[])[],
  fleet: Fleet,
  policy: Policy,
): Outcome {
  const engines: readonly Engine[] = Array.from({ length: fleet.engines }, (_, index) => ({
    endpoint: endpointOf(index),
    cache: new KvCache(fleet.cacheBlocks),
    running: 0,
  }));
  const agenda = new Agenda();
  /** Requests under way, summed up over time, while new conversations come. */
  const busyMs = engines.map(() => 0);
  const lastAt = trace.at(-1)?.startsAt ?? 0;
  let [requests, hits, blocks] = [0, 0, 0];

  const ask = (conversation: Conversation, turn: number): void => {
    const prompt = prompts[conversation.id]?.[turn];
    if (prompt === undefined) return;
    const index = policy.choose(prompt, engines, agenda.now);
    const engine = engines[index];
    if (engine === undefined) throw new Error('a request was sent nowhere');
    const cached = engine.cache.cached(prompt.blocks);
    const cachedTokens = (cached / Math.max(1, prompt.blocks.length)) * prompt.promptTokens;
    requests += 1;
    hits += cached;
    blocks += prompt.blocks.length;
    engine.cache.use(prompt.blocks);
    engine.running += 1;
    const prefillMs = (prompt.promptTokens - cachedTokens) * prefillMsPerToken;
    agenda.at(agenda.now + prefillMs + prompt.answerTokens * decodeMsPerToken, () => {
      engine.running -= 1;
      engine.cache.use(prompt.answered);
      policy.over(prompt, index);
      const next = conversation.turns[turn + 1];
      if (next !== undefined)
        agenda.at(agenda.now + next.thinkMs, () => ask(conversation, turn + 1));
    });
  };

  for (const conversation of trace) agenda.at(conversation.startsAt, () => ask(conversation, 0));
  agenda.run((lengthMs) => {
    if (agenda.now >= lastAt) return;
    for (const [index, { running }] of engines.entries())
      busyMs[index] = (busyMs[index] ?? 0) + running * lengthMs;
  });
  const mean = busyMs.reduce((sum, ms) => sum + ms, 0) / engines.length;
  return {
    requests,
    hitRate: hits / blocks,
    imbalance: Math.max(...busyMs) / mean,
    load: mean / lastAt,
  };
}
