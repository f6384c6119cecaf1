import { goalTable } from '../goals.ts';
import { percentile } from '../percentile.ts';
import { judge } from './goals.ts';
import type { SizeReport } from './measure.ts';

/** The figures for people, one column per number of models. */
export function markdownOf(reports: readonly SizeReport[], quick: boolean): string {
  const rows: readonly (readonly [string, (report: SizeReport) => string])[] = [
    ['live jobs', ({ jobs }) => String(jobs)],
    ['cycle, median', ({ cycles }) => ms(medianOf(cycles.map((cycle) => cycle.ms)))],
    ['cycle, longest', ({ cycles }) => ms(Math.max(...cycles.map((cycle) => cycle.ms)))],
    [
      'CPU of the scheduler per cycle',
      ({ cycles }) => ms(medianOf(cycles.map(({ cpuMs }) => cpuMs))),
    ],
    [
      "reading the engines' figures, median",
      ({ cycles }) => ms(medianOf(cycles.map(({ enginesMs }) => enginesMs))),
    ],
    [
      'CPU of the scheduler for them',
      ({ cycles }) => ms(medianOf(cycles.map(({ enginesCpuMs }) => enginesCpuMs))),
    ],
    [
      'Postgres statements per cycle',
      ({ cycles }) => String(medianOf(cycles.map(({ statements }) => statements))),
    ],
    ['looks at models per second', ({ steady }) => steady.looksPerSecond.toFixed(1)],
    ['of these runs of their own', ({ steady }) => steady.runsPerSecond.toFixed(1)],
    ['CPU for them, cores', ({ steady }) => steady.cpu.toFixed(2)],
    [
      'Postgres statements per second for them',
      ({ steady }) => steady.statementsPerSecond.toFixed(0),
    ],
    ['models that are looked at late (> 10 s)', ({ steady }) => String(steady.late)],
    ['resident memory, MiB', ({ residentBytes }) => (residentBytes / 2 ** 20).toFixed(0)],
  ];
  const goals = quick ? [] : judge(reports);
  const lines = [
    ...(quick ? ['**A quick run: these figures mean nothing.**', ''] : []),
    `| models | ${reports.map(({ models }) => models).join(' | ')} |`,
    `| --- |${reports.map(() => ' ---: |').join('')}`,
    ...rows.map(([name, value]) => `| ${name} | ${reports.map(value).join(' | ')} |`),
    ...(goals.length > 0 ? ['', ...goalTable(goals)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function medianOf(values: readonly number[]): number {
  return percentile(values, 0.5);
}
