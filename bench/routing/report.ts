import type { Report } from './measure.ts';
import type { Outcome } from './replay.ts';

/** All policies on the first scenario, then ours on all of them. */
export function markdownOf(reports: readonly Report[], quick: boolean): string {
  const [first, ...others] = reports;
  if (first === undefined) return '';
  const lines = [
    ...(quick ? ['**A quick run: its figures mean little.**', ''] : []),
    `| ${first.scenario}, ${first.engines} engines, ${requestsOf(first)} requests | cached | of the oracle's | busiest by mean |`,
    '| --- | ---: | ---: | ---: |',
    ...Object.entries(first.outcomes).map(
      ([name, outcome]) => `| ${name} | ${figures(outcome, first).join(' | ')} |`,
    ),
  ];
  if (others.length === 0) return `${lines.join('\n')}\n`;
  const names = Object.keys(others[0]?.outcomes ?? {}).filter((name) => name !== 'oracle');
  lines.push(
    '',
    `| of the oracle's, and busiest by mean | oracle's | ${names.join(' | ')} |`,
    `| --- | ---: |${names.map(() => ' ---: |').join('')}`,
  );
  for (const report of reports) {
    const cells = names.map((name) => {
      const [, share = '', imbalance = ''] = figures(report.outcomes[name], report);
      return `${share}, ${imbalance}`;
    });
    const [cached = ''] = figures(report.outcomes.oracle, report);
    lines.push(`| ${report.scenario} | ${cached} | ${cells.join(' | ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

function requestsOf({ outcomes }: Report): number {
  return outcomes.oracle?.requests ?? 0;
}

function figures(outcome: Outcome | undefined, { outcomes }: Report): readonly string[] {
  if (outcome === undefined) return ['–', '–', '–'];
  const best = outcomes.oracle?.hitRate ?? 1;
  return [percent(outcome.hitRate), percent(outcome.hitRate / best), outcome.imbalance.toFixed(2)];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
