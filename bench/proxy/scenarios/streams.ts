import type { RunResult } from '../load/orders.ts';
import { type Scenario, underLoad } from './scenario.ts';

const events = 64;

/** Streams as fast as they go. Writing events costs an engine as much as passing them on: most wait for it. */
export function saturatedStreams(ms: number): Scenario {
  const connections = 64;
  return {
    name: 'streams, no pause',
    about: `closed loop, ${connections} connections, streams of ${events} events without a pause`,
    run: async (entrant, bench) => {
      const asked = await entrant.asked(`stream-${events}-0`, 2048);
      const { slow } = entrant.candidate;
      const { result, cpuMicros, busy } = await underLoad(entrant, bench, () =>
        bench.tools.load.run<RunResult>({
          ...asked,
          kind: 'closed',
          connections: slow ? 4 : connections,
          ms,
        }),
      );
      const { requests, seconds } = result;
      return { 'CPU µs/stream': cpuMicros / requests, 'streams/s': requests / seconds, ...busy };
    },
  };
}

/** Streams as engines write them. */
export function pacedStreams(perSecond: number, ms: number): Scenario {
  const gapMs = 10;
  const slowRate = 5;
  return {
    name: 'streams, paced',
    about: `open loop, ${perSecond} streams/s (slow ones ${slowRate}) of ${events} events ${gapMs} ms apart`,
    mostRounds: 3,
    run: async (entrant, bench) => {
      const asked = await entrant.asked(`stream-${events}-${gapMs}`, 2048);
      const rate = entrant.candidate.slow ? slowRate : perSecond;
      const { result, cpuMicros } = await underLoad(entrant, bench, () =>
        bench.tools.load.run<RunResult>({ ...asked, kind: 'open', perSecond: rate, ms }),
      );
      return {
        'CPU µs/stream': cpuMicros / result.requests,
        'first byte p50 µs': result.p50,
        'first byte p99 µs': result.p99,
      };
    },
  };
}
