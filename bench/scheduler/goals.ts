import type { Goal } from '../goals.ts';
import { percentile } from '../percentile.ts';
import type { SizeReport } from './measure.ts';

/** The size that the goals are about. */
const largeModels = 10_000;
const cycleWithinMs = 1_000;
/** Growth is told from sizes that are as many times apart, or more. */
const apart = 10;

/** What must not grow faster than the number of models. */
const growing: readonly (readonly [string, (report: SizeReport) => number])[] = [
  ['cycle, median', ({ cycles }) => medianOf(cycles.map((cycle) => cycle.ms))],
  ['CPU per cycle', ({ cycles }) => medianOf(cycles.map(({ cpuMs }) => cpuMs))],
  ['Postgres statements per cycle', (report) => medianOf(report.cycles.map((c) => c.statements))],
  ['resident memory', ({ residentBytes }) => residentBytes],
];

/** How a run stands to the goals. Those that it has no figures for are left out. */
export function judge(reports: readonly SizeReport[]): readonly Goal[] {
  const large = reports.find(({ models }) => models === largeModels);
  const sizes = reports.toSorted((a, b) => a.models - b.models);
  return [...(large === undefined ? [] : [cycleGoal(large)]), ...growthGoals(sizes)];
}

function cycleGoal({ cycles }: SizeReport): Goal {
  const all = cycles.map(({ ms }) => ms);
  const longest = Math.max(...all);
  return {
    goal: `each cycle at ${thousands(largeModels)} models: < ${thousands(cycleWithinMs)} ms`,
    measured: `${Math.round(medianOf(all))} ms, the longest ${Math.round(longest)} ms`,
    met: longest < cycleWithinMs,
  };
}

function growthGoals(sizes: readonly SizeReport[]): readonly Goal[] {
  const [few, many] = [sizes[0], sizes.at(-1)];
  if (few === undefined || many === undefined) return [];
  const times = many.models / few.models;
  if (times < apart) return [];
  return growing.map(([what, figure]) => {
    const grown = figure(many) / figure(few);
    return {
      goal: `${what}, ${thousands(few.models)} → ${thousands(many.models)} models: linear or better (≤ ${times} ×)`,
      measured: `${grown.toFixed(1)} ×`,
      met: grown <= times,
    };
  });
}

function medianOf(values: readonly number[]): number {
  return percentile(values, 0.5);
}

function thousands(value: number): string {
  return value.toLocaleString('en');
}
