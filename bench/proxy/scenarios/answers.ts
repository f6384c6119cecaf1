import type { RunResult } from '../load/orders.ts';
import { type Scenario, underLoad } from './scenario.ts';

/** Bodies of requests that are measured, in bytes. */
export const bodySizes = [300, 2048, 102_400] as const;

const sizeName = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : `${Math.round(bytes / 1024)} KB`;

/** What slow candidates get: they would not be through with as many. */
const slowConnections = 8;
const slowRate = 20;

/** Plain answers as fast as they go: look at CPU per request, not at latency. */
export function saturatedAnswers(bodyBytes: number, ms: number): Scenario {
  const connections = 64;
  return {
    name: `answers, ${sizeName(bodyBytes)}`,
    about: `closed loop, ${connections} connections (slow ones ${slowConnections}), ${sizeName(bodyBytes)} in, 500 B out`,
    run: async (entrant, bench) => {
      const asked = await entrant.asked('json', bodyBytes);
      const { slow } = entrant.candidate;
      const { result, cpuMicros, busy } = await underLoad(entrant, bench, () =>
        bench.tools.load.run<RunResult>({
          ...asked,
          kind: 'closed',
          connections: slow ? slowConnections : connections,
          ms,
        }),
      );
      const { requests, seconds } = result;
      return { 'CPU µs/request': cpuMicros / requests, 'requests/s': requests / seconds, ...busy };
    },
  };
}

/** Plain answers at a rate that everybody manages: what a user waits for. */
export function steadyAnswers(perSecond: number, ms: number): Scenario {
  return {
    name: 'first byte, answers',
    about: `open loop, ${perSecond} requests/s (slow ones ${slowRate}), 2 KB in, 500 B out; times from when each was due`,
    run: async (entrant, bench) => {
      const asked = await entrant.asked('json', 2048);
      const rate = entrant.candidate.slow ? slowRate : perSecond;
      const { result, cpuMicros } = await underLoad(entrant, bench, () =>
        bench.tools.load.run<RunResult>({ ...asked, kind: 'open', perSecond: rate, ms }),
      );
      return {
        'first byte p50 µs': result.p50,
        'first byte p99 µs': result.p99,
        'CPU µs/request': cpuMicros / result.requests,
      };
    },
  };
}

/** As many new connections at once. */
export function connectionStorm(connections: number): Scenario {
  return {
    name: 'storm',
    about: `${connections} new connections at once with one request each`,
    takes: ({ slow }) => !slow,
    run: async (entrant, { tools }) => {
      const asked = await entrant.asked('json', 2048);
      const { p50, p99, max } = await tools.load.run<RunResult>({
        ...asked,
        kind: 'storm',
        connections,
      });
      return { 'first byte p50 µs': p50, 'first byte p99 µs': p99, 'first byte, last µs': max };
    },
  };
}
