import type { Child } from '../child/start-child.ts';
import { percentile } from '../percentile.ts';
import type { Figures } from './figures.ts';
import type { RunResult } from './load/runs.ts';
import type { LoadOrder } from './processes/load.ts';
import { readyModel, type Shape, sleepingModel } from './wire.ts';

/** A proxy under test, or the engine itself. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly child: Child;
}

export interface Scenario {
  readonly name: string;
  /** What is done, for the report. */
  readonly about: string;
  /** Whether each run needs a process of its own: one that has run before has memory to spare. */
  readonly fresh: boolean;
  /** Whether a target takes part. */
  takes(target: Target): boolean;
  run(target: Target, load: Child): Promise<Figures>;
}

const mib = 1024 * 1024;
const order = <Answer>(load: Child, question: LoadOrder) => load.ask<Answer>(question);

/** CPU of the target while the load runs. */
async function underLoad(
  { child }: Target,
  run: () => Promise<RunResult>,
): Promise<RunResult & { readonly cpuMicros: number }> {
  const before = await child.cpuMicros();
  const result = await run();
  return { ...result, cpuMicros: (await child.cpuMicros()) - before };
}

function saturation(name: string, shape: Shape, tokens: number, ms: number): Scenario {
  const what = tokens === 1 ? 'request' : 'token';
  return {
    name,
    about: `closed loop, 32 connections, ${tokens === 1 ? '2 KB in, 500 B out' : `streams of ${tokens} events without a pause`}`,
    fresh: false,
    takes: () => true,
    run: async (target, load) => {
      const { requests, seconds, cpuMicros } = await underLoad(target, () =>
        order(load, {
          kind: 'closed',
          connections: 32,
          port: target.port,
          shape,
          model: readyModel,
          ms,
        }),
      );
      const count = requests * tokens;
      return { [`${what}s/s`]: count / seconds, [`CPU µs/${what}`]: cpuMicros / count };
    },
  };
}

function steady(
  name: string,
  shape: Shape,
  tokens: number,
  perSecond: number,
  ms: number,
): Scenario {
  return {
    name,
    about: `open loop, ${perSecond} ${tokens === 1 ? 'requests' : `streams of ${tokens} events`} per second, times from when each was due`,
    fresh: false,
    takes: () => true,
    run: async (target, load) => {
      const { requests, firstByte, cpuMicros } = await underLoad(target, () =>
        order(load, { kind: 'open', perSecond, port: target.port, shape, model: readyModel, ms }),
      );
      return {
        'first byte p50 µs': percentile(firstByte, 0.5),
        'first byte p99 µs': percentile(firstByte, 0.99),
        [`CPU µs/${tokens === 1 ? 'request' : 'token'}`]: cpuMicros / (requests * tokens),
      };
    },
  };
}

function memory(name: string, shape: Shape, model: string, count: number): Scenario {
  const about = {
    held: 'streams that wait for a sleeping model',
    silent: 'streams whose engine says nothing',
    active: 'streams with a token every 100 ms',
  }[name];
  return {
    name: `memory, ${name}`,
    about: `${count} ${about}, resident memory after a collection`,
    fresh: true,
    takes: (target) =>
      model === sleepingModel ? target.name === 'wakefield' : target.name !== 'direct',
    run: async ({ child, port }, load) => {
      const warmUp = { connections: 8, ms: 300, shape: 'stream-4-0', model: readyModel } as const;
      await order(load, { kind: 'closed', port, ...warmUp });
      const before = await child.residentBytes();
      await order(load, { kind: 'hold', count, port, shape, model });
      const after = await child.residentBytes();
      await order(load, { kind: 'release' });
      return { 'MiB/1,000': ((after - before) / mib / count) * 1000 };
    },
  };
}

/** Runs a target until its code is compiled as it will stay: compiling costs as much as what is measured. */
export async function warmUp({ port }: Target, load: Child): Promise<void> {
  for (const shape of ['json', 'stream-64-0'] as const) {
    const run = { connections: 32, ms: 10_000, port, shape, model: readyModel } as const;
    await order(load, { kind: 'closed', ...run });
  }
}

/** @param quick sizes that show that it runs, and nothing else */
export function scenarios(quick: boolean): readonly Scenario[] {
  const ms = quick ? 100 : 2000;
  const count = quick ? 20 : 1000;
  return [
    saturation('throughput, answers', 'json', 1, ms),
    steady('latency, answers', 'json', 1, quick ? 100 : 300, ms),
    saturation('throughput, streams', 'stream-64-0', 64, ms),
    steady('latency, streams', 'stream-40-25', 40, quick ? 20 : 50, ms),
    memory('held', 'silent', sleepingModel, count),
    memory('silent', 'silent', readyModel, count),
    memory('active', 'stream-100000-100', readyModel, count),
  ];
}
