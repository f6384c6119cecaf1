import { goalTable } from '../goals.ts';
import { percentile } from '../percentile.ts';
import { judge } from './goals.ts';
import type { Wake } from './wake-once.ts';

/** Quantiles over all wakes. */
export function markdownOf(wakes: readonly Wake[], quick: boolean): string {
  const rows: readonly (readonly [string, (wake: Wake) => number])[] = [
    ['request → sbatch accepted', ({ submitted }) => submitted],
    ['sbatch accepted → engine ready', ({ submitted, engineReady }) => engineReady - submitted],
    ['engine ready → route open', ({ engineReady, routed }) => routed - engineReady],
    [
      'engine ready → first token at the client',
      ({ engineReady, answered }) => answered - engineReady,
    ],
    ['request → first token', ({ answered }) => answered],
  ];
  const goals = quick ? [] : judge(wakes);
  const lines = [
    ...(quick ? ['**A quick run: these figures mean nothing.**', ''] : []),
    `| ${wakes.length} wakes, ms | p50 | p95 | longest |`,
    '| --- | ---: | ---: | ---: |',
    ...rows.map(([name, value]) => {
      const values = wakes.map(value);
      const [p50, p95, most] = [0.5, 0.95, 1].map((share) => percentile(values, share));
      return `| ${name} | ${p50} | ${p95} | ${most} |`;
    }),
    ...(goals.length > 0 ? ['', ...goalTable(goals)] : []),
  ];
  return `${lines.join('\n')}\n`;
}
