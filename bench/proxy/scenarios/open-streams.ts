import { mostDescriptors } from '../../child/pinned.ts';
import type { Entrant } from '../entrant.ts';
import type { LagResult, RunResult } from '../load/orders.ts';
import type { Load } from '../load/tools.ts';
import { sleepingModel } from '../wire.ts';
import type { Bench, Scenario } from './scenario.ts';

/** Events a second of all streams together: so few streams and many bring the same work. */
const eventsPerSecond = 10_000;
const few = 10;
/** Between few and many: what an event costs by how many streams there are. */
const between = [100, 1000];
const endless = 10_000_000;

export interface OpenStreamsOptions {
  readonly count: number;
  readonly ms: number;
  /** For streams to have settled, and for a fresh process to run before anything counts. */
  readonly settleMs: number;
}

/** Files that are no connections of streams. */
const spareDescriptors = 200;

/** Streams at once that a process which opens a connection to each side may have here. */
export function mostStreams(): number {
  return Math.floor((mostDescriptors() - spareDescriptors) / 2);
}

/** Very many streams at once, each with few events: what one costs by being there. */
export function openStreams({ count, ms, settleMs }: OpenStreamsOptions): Scenario {
  return {
    name: 'open streams',
    about: `${count} streams at once (slow ones ${count / 20}), together ${eventsPerSecond} events/s (slow ones ${
      eventsPerSecond / 50
    }); before them ${few} streams with as many events, and behind them as many as stand here; memory in a process of its own`,
    fresh: true,
    mostRounds: 3,
    takes: ({ brief }) => !brief,
    run: async (entrant, bench) => {
      const { slow } = entrant.candidate;
      const rate = slow ? eventsPerSecond / 50 : eventsPerSecond;
      const streams = slow ? count / 20 : count;
      await compile(entrant, bench, settleMs);
      const short = await hold(entrant, bench, few, rate, { ms: ms / 2, settleMs: settleMs / 4 });
      const before = await entrant.running.residentBytes();
      const long = await hold(entrant, bench, streams, rate, { ms, settleMs });
      const { cpuMicros: fewMicros } = short;
      // Behind the many: what they take stays with the process, and would be missing in its growth.
      const steps: Record<string, number> = {};
      for (const step of slow ? [] : between.filter((one) => one < streams)) {
        const times = { ms: ms / 2, settleMs: settleMs / 4 };
        const { cpuMicros } = await hold(entrant, bench, step, rate, times);
        steps[`CPU µs/event of ${step} streams`] = cpuMicros;
      }
      return {
        'KB/stream': (long.residentBytes - before) / 1024 / streams,
        'CPU µs/event': long.cpuMicros,
        [`CPU µs/event of ${few} streams`]: fewMicros,
        ...steps,
        'many over few': long.cpuMicros / fewMicros,
        'late p50 µs': long.lag.p50,
        'late p99 µs': long.lag.p99,
      };
    },
  };
}

/** A fresh process has its code still to compile, which would be counted as the cost of events. */
async function compile(entrant: Entrant, { tools }: Bench, ms: number): Promise<void> {
  const asked = await entrant.asked('stream-64-0', 2048);
  const connections = entrant.candidate.slow ? 4 : 32;
  await tools.load.run<RunResult>({ ...asked, kind: 'closed', connections, ms });
}

async function hold(
  entrant: Entrant,
  { tools }: Bench,
  connections: number,
  perSecond: number,
  { ms, settleMs }: { readonly ms: number; readonly settleMs: number },
): Promise<{
  readonly cpuMicros: number;
  readonly residentBytes: number;
  readonly lag: LagResult;
}> {
  const gapMs = Math.max(1, Math.round((connections * 1000) / perSecond));
  const asked = await entrant.asked(`stream-${endless}-${gapMs}`, 2048);
  // Spread over their gap, so that their events do not all come at once.
  const spreadMs = Math.max(gapMs, settleMs);
  await tools.load.run({ ...asked, kind: 'hold', connections, spreadMs });
  await settle(tools.load, settleMs);
  const residentBytes = await entrant.running.residentBytes();
  // What was due while memory was collected for that is late because of us.
  await settle(tools.load, settleMs);
  const before = await entrant.running.cpuMicros();
  const lag = await tools.load.run<LagResult>({ kind: 'lag', ms });
  const cpuMicros = ((await entrant.running.cpuMicros()) - before) / lag.chunks;
  await tools.load.run({ kind: 'release' });
  return { cpuMicros, residentBytes, lag };
}

/** Waits with the generator, which notices when a stream breaks. */
async function settle(load: Load, ms: number): Promise<void> {
  await load.run({ kind: 'lag', ms });
}

/** Requests that wait for a model to wake: nobody else holds them. */
export function heldRequests(count: number, settleMs: number): Scenario {
  return {
    name: 'held requests',
    about: `${count} streams that wait for a sleeping model`,
    fresh: true,
    mostRounds: 3,
    takes: ({ name }) => name === 'wakefield',
    run: async (entrant, bench) => {
      const { load } = bench.tools;
      await compile(entrant, bench, settleMs);
      const before = await entrant.running.residentBytes();
      const asked = await entrant.asked('stream-64-0', 2048, sleepingModel);
      await load.run({ ...asked, kind: 'hold', connections: count, spreadMs: 200 });
      const after = await entrant.running.residentBytes();
      await load.run({ kind: 'release' });
      return { 'KB/request': (after - before) / 1024 / count };
    },
  };
}
