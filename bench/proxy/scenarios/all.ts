import { bodySizes, connectionStorm, saturatedAnswers, steadyAnswers } from './answers.ts';
import { type GrowthOptions, growth } from './growth.ts';
import { lastingStreams } from './lasting-streams.ts';
import { busyNeighbour } from './neighbour.ts';
import { heldRequests, openStreams } from './open-streams.ts';
import type { Scenario } from './scenario.ts';
import { pacedStreams, saturatedStreams } from './streams.ts';

/** How much of everything. */
export interface Sizes {
  /** Of a run at saturation. */
  readonly ms: number;
  /** Of a run at a rate. */
  readonly steadyMs: number;
  readonly settleMs: number;
  /** How long each candidate runs under load, in each of two kinds, before anything counts. */
  readonly warmUpMs: number;
  readonly perSecond: number;
  readonly streamsPerSecond: number;
  readonly streams: number;
  readonly held: number;
  readonly storm: number;
  readonly models: number;
  readonly endpoints: number;
  readonly callers: number;
  /** How long streams are held for "lasting streams"; 0 leaves it out. */
  readonly minutes: number;
}

export const wholeSizes: Sizes = {
  ms: 1200,
  steadyMs: 2500,
  settleMs: 800,
  warmUpMs: 4000,
  perSecond: 300,
  streamsPerSecond: 100,
  streams: 2000,
  held: 1000,
  storm: 2000,
  models: 10_000,
  endpoints: 5000,
  callers: 100_000,
  minutes: 0,
};

/** To see that it runs, and nothing else. */
export const quickSizes: Sizes = {
  ms: 100,
  steadyMs: 150,
  settleMs: 100,
  warmUpMs: 0,
  perSecond: 100,
  streamsPerSecond: 20,
  streams: 40,
  held: 20,
  storm: 50,
  models: 20,
  endpoints: 20,
  callers: 20,
  minutes: 0,
};

/** All scenarios, in the order of the report. */
export function scenarios(
  sizes: Sizes,
  more: Pick<GrowthOptions, 'version' | 'issued'>,
): readonly Scenario[] {
  const { ms, steadyMs, settleMs, perSecond, models, endpoints, callers } = sizes;
  return [
    ...bodySizes.map((bytes) => saturatedAnswers(bytes, ms)),
    steadyAnswers(perSecond, steadyMs),
    saturatedStreams(ms),
    pacedStreams(sizes.streamsPerSecond, steadyMs),
    openStreams({ count: sizes.streams, ms: steadyMs * 0.6, settleMs }),
    heldRequests(sizes.held, settleMs),
    busyNeighbour({ perSecond, ms: steadyMs, settleMs }),
    connectionStorm(sizes.storm),
    ...(sizes.minutes > 0 ? [lastingStreams(sizes.streams, sizes.minutes)] : []),
    ...growth({ models, endpoints, callers, ms, ...more }),
  ];
}
