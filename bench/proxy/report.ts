import type { Spread, Summary } from './figures.ts';

/** The file that `--json` writes. */
export interface Report {
  readonly version: 1;
  readonly at: string;
  readonly node: string;
  readonly machine: {
    readonly cores: number;
    readonly arch: string;
    readonly platform: string;
    /** Whether the proxy had a core of its own, apart from engine and load generator. */
    readonly pinned: boolean;
  };
  /** Made to see that it runs: its figures mean nothing. */
  readonly quick: boolean;
  readonly rounds: number;
  readonly baseline: string;
  readonly scenarios: readonly {
    readonly name: string;
    readonly about: string;
    readonly results: readonly Summary[];
  }[];
}

/** The same for people. */
export function markdownOf(report: Report): string {
  const { machine, rounds, baseline } = report;
  const pinned = machine.pinned
    ? 'the proxy on one core, engine and load generator on another'
    : 'processes not pinned';
  const lines = [
    `${machine.cores} cores (${machine.platform} ${machine.arch}), Node ${report.node}, loopback, ${pinned}.`,
    `Median (least to most) of ${rounds} interleaved rounds; ratios are taken within each round.`,
  ];
  if (report.quick) lines.push('', '**A quick run: these figures mean nothing.**');
  for (const scenario of report.scenarios) lines.push('', ...section(scenario, baseline));
  return `${lines.join('\n')}\n`;
}

function section(
  { name, about, results }: Report['scenarios'][number],
  baseline: string,
): readonly string[] {
  const columns: readonly (readonly [string, string, (result: Summary) => string])[] = [
    ['proxy', '---', ({ proxy }) => proxy],
    ['figure', '---', ({ figure }) => figure],
    ['value', '--:', ({ value }) => text(value)],
    [`× ${baseline}`, '--:', ({ ratio }) => text(ratio)],
    ['over direct', '--:', ({ added }) => text(added)],
  ];
  const used = columns.filter(([, , cell]) => results.some((result) => cell(result) !== ''));
  return [
    `### ${name}`,
    '',
    `${about[0]?.toUpperCase() ?? ''}${about.slice(1)}.`,
    '',
    row(used.map(([title]) => title)),
    row(used.map(([, line]) => line)),
    ...results.map((result) => row(used.map(([, , cell]) => cell(result)))),
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function text(spread: Spread | undefined): string {
  if (spread === undefined) return '';
  const { median, min, max } = spread;
  return `${round(median)} (${round(min)}–${round(max)})`;
}

function round(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
