import { goalTable } from '../goals.ts';
import type { Summary } from './figures.ts';
import { judge } from './goals.ts';
import { cellsOf } from './table.ts';

/** The file that `--json` writes. */
export interface Report {
  readonly version: 2;
  readonly at: string;
  readonly machine: {
    readonly cores: number;
    readonly model: string;
    readonly system: string;
    readonly arch: string;
    /** Whether what is measured had a core of its own, apart from engine and load generator. */
    readonly pinned: boolean;
    /** Processes that wanted to run, on average of the last minute, before and after the run. */
    readonly busyBefore: number;
    readonly busyAfter: number;
  };
  /** Version of each candidate by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** What engine and load generator were written in, and why not in C. */
  readonly generator: { readonly kind: 'C' | 'Node'; readonly reason: string | null };
  /** Made to see that it runs: its figures mean nothing. */
  readonly quick: boolean;
  readonly rounds: number;
  /** How long the whole run took. */
  readonly seconds: number;
  /** Who could not be had, or did not serve. */
  readonly absent: readonly { readonly candidate: string; readonly reason: string }[];
  readonly scenarios: readonly ScenarioReport[];
}

export interface ScenarioReport {
  readonly name: string;
  readonly about: string;
  readonly rounds: number;
  readonly baseline: string;
  readonly results: readonly Summary[];
  /** Who failed in it, and took no further part. */
  readonly failures: readonly { readonly candidate: string; readonly reason: string }[];
}

/** The same for people. */
export function markdownOf(report: Report): string {
  const lines = [...opening(report)];
  if (report.quick) lines.push('', '**A quick run: these figures mean nothing.**');
  const goals = judge(report);
  if (goals.length > 0 && !report.quick) lines.push('', '### Goals', '', ...goalTable(goals));
  for (const scenario of report.scenarios) lines.push('', ...section(scenario));
  if (report.absent.length > 0) {
    lines.push('', '### Not measured', '');
    for (const { candidate, reason } of report.absent) lines.push(`- ${candidate}: ${reason}`);
  }
  return `${lines.join('\n')}\n`;
}

function opening({ machine, versions, generator, rounds, seconds, at }: Report): readonly string[] {
  const pinned = machine.pinned
    ? 'what is measured on one core, engine and load generator on others'
    : 'processes not tied to cores';
  const those = Object.entries(versions).map(([name, version]) => `${name} ${version}`.trim());
  const wrote =
    generator.kind === 'C'
      ? 'in C'
      : `in Node (${generator.reason}), which nginx and haproxy wait for`;
  const { busyBefore, busyAfter } = machine;
  return [
    `${at.slice(0, 10)}, ${machine.model}, ${machine.cores} cores, ${machine.system} ${machine.arch}, loopback, ${pinned};`,
    `load of the machine ${busyBefore.toFixed(1)} before and ${busyAfter.toFixed(1)} after. Engine and load generator ${wrote}.`,
    `${those.join(', ')}.`,
    `Median (least to most) of up to ${rounds} interleaved rounds; ratios and differences are taken within each round.`,
    `The run took ${Math.round(seconds / 60)} minutes.`,
  ];
}

function section(scenario: ScenarioReport): readonly string[] {
  const { name, about, rounds, failures } = scenario;
  const [titles, ...cells] = cellsOf(scenario);
  return [
    `### ${name}`,
    '',
    `${about[0]?.toUpperCase() ?? ''}${about.slice(1)}. ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    '',
    row(titles ?? []),
    row((titles ?? []).map((_, index) => (index === 0 ? '---' : '--:'))),
    ...cells.map(row),
    ...(failures.length === 0 ? [] : ['']),
    ...failures.map(({ candidate, reason }) => `- ${candidate} failed: ${reason}`),
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
