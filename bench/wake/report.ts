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
  const lines = [
    ...(quick ? ['**A quick run: these figures mean nothing.**', ''] : []),
    `| ${wakes.length} wakes, ms | p50 | p95 | longest |`,
    '| --- | ---: | ---: | ---: |',
    ...rows.map(([name, value]) => {
      const sorted = wakes.map(value).sort((a, b) => a - b);
      const at = (share: number) =>
        sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
      return `| ${name} | ${at(0.5)} | ${at(0.95)} | ${sorted.at(-1)} |`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
