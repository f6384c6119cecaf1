import type { Goal } from '../goals.ts';
import { percentile } from '../percentile.ts';
import type { Wake } from './wake-once.ts';

/** What of a wake is ours, and how long it may take for 19 of 20. The first token comes a little after the forwarding. */
const rules: readonly (readonly [string, number, (wake: Wake) => number])[] = [
  ['request → sbatch accepted', 150, ({ submitted }) => submitted],
  ['engine ready → held request answered', 300, (wake) => wake.answered - wake.engineReady],
];

/** How a run stands to the goals. */
export function judge(wakes: readonly Wake[]): readonly Goal[] {
  if (wakes.length === 0) return [];
  return rules.map(([what, atMostMs, figure]) => {
    const p95 = percentile(wakes.map(figure), 0.95);
    return { goal: `${what}, p95: ≤ ${atMostMs} ms`, measured: `${p95} ms`, met: p95 <= atMostMs };
  });
}
