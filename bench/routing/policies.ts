import {
  type Choice,
  defaultRouting,
  type Endpoint,
  noLimits,
  noTimeouts,
  pickByRank,
  type Route,
  type RoutingPolicy,
} from '../../packages/domain/src/index.ts';
import { createPicker } from '../../services/proxy/src/inference/picker.ts';
import type { KvCache } from './kv-cache.ts';
import { benchModel, type Prompt } from './prompts.ts';
import { between, seeded } from './random.ts';

/** An engine of the model. */
export interface Engine {
  readonly endpoint: Endpoint;
  readonly cache: KvCache;
  running: number;
}

/** Says where each request goes, and hears when it is over. */
export interface Policy {
  choose(prompt: Prompt, engines: readonly Engine[], now: number): number;
  over(prompt: Prompt, engine: number): void;
}

const nobody: ReadonlySet<string> = new Set();
const anyTime = { atLeastMs: 0, preferablyMs: 0 };
const policySeed = 4711;

/** Proxies tell and ask each other what they have at engines, and tell what they sent there, once a second each. */
const toldEveryMs = 2000;

/**
 * Ours, as the proxy has it; each of several proxies knows its own requests, and what others told last.
 * @param telling whether they tell each other what they sent where
 */
export function ours(policy: RoutingPolicy, proxies = 1, telling = true): Policy {
  const random = seeded(policySeed);
  const counts = Array.from({ length: proxies }, () => new Map<string, number>());
  let told: readonly ReadonlyMap<string, number>[] = counts;
  let toldAt = Number.NEGATIVE_INFINITY;
  let placed: { from: number; modelId: string; jobId: string; key: number }[] = [];
  const pickers = counts.map((own, index) =>
    createPicker({
      placements: {
        sent: (modelId, jobId, key) => {
          if (telling) placed.push({ from: index, modelId, jobId, key });
        },
      },
      demand: { runningOn: (jobId) => own.get(jobId) ?? 0 },
      elsewhere: {
        on: (jobId) =>
          told.reduce((sum, theirs, at) => sum + (at === index ? 0 : (theirs.get(jobId) ?? 0)), 0),
        want: () => undefined,
      },
      proxies: () => proxies,
      clock: { now: () => 0 },
      random,
    }),
  );
  const proxyOf = new Map<Prompt, number>();
  let route: Route | null = null;
  const add = (prompt: Prompt, jobId: string, change: number): void => {
    const own = counts[proxyOf.get(prompt) ?? 0];
    own?.set(jobId, (own.get(jobId) ?? 0) + change);
  };
  const tell = (): void => {
    told = counts.map((own) => new Map(own));
    for (const { from, modelId, jobId, key } of placed)
      for (const [index, picker] of pickers.entries())
        if (index !== from) picker.heard(modelId, jobId, [key]);
    placed = [];
  };
  return {
    choose: (prompt, engines, now) => {
      if (now - toldAt >= toldEveryMs) {
        tell();
        toldAt = now;
      }
      route ??= routeOf(engines, policy);
      const proxy = between(random, 0, proxies - 1);
      proxyOf.set(prompt, proxy);
      const picker = pickers[proxy];
      const endpoint = picker?.pick(route, nobody, anyTime, prompt.belonging) ?? null;
      if (picker === undefined || endpoint === null) throw new Error('nothing was picked');
      picker.sent(route, endpoint.jobId, prompt.belonging);
      add(prompt, endpoint.jobId, 1);
      return engines.findIndex(({ endpoint: { jobId } }) => jobId === endpoint.jobId);
    },
    over: (prompt, engine) => add(prompt, jobOf(engine), -1),
  };
}

/** Knows all caches; takes the most of a prompt within the same bound, and of equals the one with the least to do. */
export function oracle(): Policy {
  return without(({ blocks }, engines) => {
    const byJob = new Map(engines.map((engine) => [engine.endpoint.jobId, engine]));
    const running = (jobId: string) => byJob.get(jobId)?.running ?? 0;
    const endpoints = engines.map(({ endpoint }) => endpoint);
    const choice: Choice = { endpoints, running, exclude: nobody, now: 0, needed: anyTime };
    const picked = pickByRank(choice, ({ jobId }) => {
      const engine = byJob.get(jobId);
      return engine === undefined ? 0 : engine.cache.cached(blocks) - engine.running / 1e6;
    });
    return engines.findIndex(({ endpoint }) => endpoint === picked);
  });
}

export function atRandom(): Policy {
  const random = seeded(policySeed);
  return without((_prompt, engines) => between(random, 0, engines.length - 1));
}

export function inTurn(): Policy {
  let next = 0;
  return without((_prompt, engines) => next++ % engines.length);
}

/** One that need not hear when a request is over. */
function without(choose: Policy['choose']): Policy {
  return { choose, over: () => undefined };
}

/** Names like those of real jobs: rendezvous goes by them. */
function jobOf(index: number): string {
  return `0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b${String(index).padStart(2, '0')}`;
}

export function endpointOf(index: number): Endpoint {
  return {
    jobId: jobOf(index),
    cluster: 'bench',
    address: { host: '127.0.0.1', port: 1 },
    engineKey: '',
    capacity: null,
    weight: 1,
    servesUntil: null,
  };
}

function routeOf(engines: readonly Engine[], policy: RoutingPolicy): Route {
  return {
    modelId: benchModel,
    project: 'bench',
    hfModelId: benchModel,
    engine: 'vllm',
    state: 'ready',
    idle: false,
    reason: null,
    createdAt: 0,
    expectedReady: null,
    timeouts: noTimeouts,
    limits: noLimits,
    routing: { ...defaultRouting, policy },
    endpoints: engines.map(({ endpoint }) => endpoint),
  };
}
