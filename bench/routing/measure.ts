import { atRandom, inTurn, oracle, ours, type Policy } from './policies.ts';
import { makePrompts } from './prompts.ts';
import { type Fleet, type Outcome, replay } from './replay.ts';
import { makeTrace, type TraceShape } from './trace.ts';

export interface Scenario {
  readonly name: string;
  readonly shape: Partial<TraceShape>;
  readonly fleet: Partial<Fleet>;
}

export interface Size {
  readonly seed: number;
  readonly requests: number;
  readonly engines: number;
}

export interface Report {
  readonly scenario: string;
  readonly engines: number;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

/** The first is what all policies are compared on. */
export const scenarios: readonly Scenario[] = [
  { name: '300 system prompts', shape: {}, fleet: {} },
  { name: '5 system prompts', shape: { systemPrompts: 5 }, fleet: {} },
  {
    name: '100 that all begin with the same 750 tokens',
    shape: { systemPrompts: 100, introductionTokens: 750 },
    fleet: {},
  },
  { name: '300, caches a third as large', shape: {}, fleet: { cacheBlocks: 6000 } },
];

/** Those that stand for ours in every scenario. */
export const ourPolicies: Readonly<Record<string, () => Policy>> = {
  oracle,
  prefix: () => ours('prefix'),
  'prefix, 4 proxies': () => ours('prefix', 4),
  'least load': () => ours('least_load'),
};

/** All of them. */
export const allPolicies: Readonly<Record<string, () => Policy>> = {
  ...ourPolicies,
  'prefix, 4 proxies that tell nothing': () => ours('prefix', 4, false),
  session: () => ours('session'),
  'session, 4 proxies': () => ours('session', 4),
  random: atRandom,
  'round robin': inTurn,
};

/** Every policy has the same requests; only when the later ones of a conversation come depends on how long the first took. */
export function measure(
  { name, shape, fleet }: Scenario,
  policies: Readonly<Record<string, () => Policy>>,
  { seed, requests, engines }: Size,
): Report {
  const trace = makeTrace({
    seed,
    requests,
    systemPrompts: 300,
    systemTokens: [200, 6000],
    introductionTokens: 0,
    uniqueShare: 0.15,
    uniqueTokens: [200, 4000],
    turns: 6,
    questionTokens: [20, 300],
    answerTokens: [50, 400],
    thinkMs: 20_000,
    // About ten requests at a time on each engine.
    everyMs: 1900 / engines,
    ...shape,
  });
  const prompts = makePrompts(trace);
  const outcomes = Object.entries(policies).map(
    ([policy, make]) =>
      [policy, replay(trace, prompts, { engines, cacheBlocks: 20_000, ...fleet }, make())] as const,
  );
  return { scenario: name, engines, outcomes: Object.fromEntries(outcomes) };
}
