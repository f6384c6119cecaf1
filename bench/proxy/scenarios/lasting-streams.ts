import type { LagResult } from '../load/orders.ts';
import type { Scenario } from './scenario.ts';

const mib = 1024 * 1024;
const perSecond = 10_000;
const endless = 10_000_000;
const minuteMs = 60_000;
/** Minutes that are shown, beside the first and the last. */
const shown = [5, 10, 15, 20, 25, 30, 45, 60];

/**
 * Very many streams for a long while, for `--minutes`: whether memory stays as it was after the first minute. Read after a
 * collection, so that what is seen is what is kept.
 */
export function lastingStreams(streams: number, minutes: number): Scenario {
  return {
    name: 'lasting streams',
    about: `${streams} streams with together ${perSecond} events/s for ${minutes} minutes, memory looked at each minute`,
    fresh: true,
    mostRounds: 1,
    takes: ({ name }) => name === 'wakefield',
    run: async ({ asked, running }, { tools: { load } }) => {
      const gapMs = Math.max(1, Math.round((streams * 1000) / perSecond));
      const order = await asked(`stream-${endless}-${gapMs}`, 2048);
      await load.run({
        ...order,
        kind: 'hold',
        connections: streams,
        spreadMs: Math.max(gapMs, 1000),
      });
      const sizes: number[] = [];
      let late = 0;
      for (let minute = 0; minute < minutes; minute += 1) {
        const { p99 } = await load.run<LagResult>({ kind: 'lag', ms: minuteMs });
        late = Math.max(late, p99);
        sizes.push((await running.residentBytes()) / mib);
      }
      await load.run({ kind: 'release' });
      const [first = Number.NaN] = sizes;
      const last = sizes.at(-1) ?? Number.NaN;
      const marks = shown.filter((minute) => minute < minutes);
      const between = marks.map((minute) => [
        `MiB after ${minute}`,
        sizes[minute - 1] ?? Number.NaN,
      ]);
      return {
        'MiB after the first minute': first,
        ...Object.fromEntries(between),
        'MiB at the end': last,
        'MiB at most': Math.max(...sizes),
        'end over first minute': last / first,
        'late p99 µs, worst minute': late,
      };
    },
  };
}
