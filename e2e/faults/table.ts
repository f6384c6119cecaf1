import { ownMs, type RequestVerdict } from './judge.ts';
import type { Cell, FaultReport } from './run-fault.ts';
import { situationNames } from './situations.ts';

/** The reports as a Markdown table, and below it what failed in words. */
export function tableOf(reports: readonly FaultReport[]): string {
  const head = [
    'fault',
    ...situationNames,
    'management',
    'converged',
    'at rest',
    'slowest',
    'requests',
  ];
  const remarks = reports.flatMap(remarksOf);
  return [
    row(head),
    row(head.map(() => '---')),
    ...reports.map((report) => row(rowOf(report))),
    '',
    ...(remarks.length === 0 ? [] : [...remarks.map((remark) => `- ${remark}`), '']),
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function rowOf({ title, cells, strike, management, ...report }: FaultReport): readonly string[] {
  const requests = cells.reduce((sum, cell) => sum + cell.requests, management.requests);
  return [
    report.problems.length === 0 ? title : `${title} ✘`,
    ...cells.map(wordsOfCell),
    wordsOf(management),
    converged(cells),
    slowest([report.restMs]),
    slowest([report.slowestMs]),
    `${requests}, over ${((strike.overAt - strike.struckAt) / 1_000).toFixed(0)} s`,
  ];
}

/** The slowest without what was not ours, and which it was; the slowest of all. */
function converged(cells: readonly Cell[]): string {
  const own = cells.map(({ convergence }) => ownMs(convergence));
  const total = cells.map(({ convergence }) => convergence.totalMs);
  const longest = Math.max(...own.map((ms) => ms ?? Number.POSITIVE_INFINITY));
  const which = cells[own.findIndex((ms) => (ms ?? Number.POSITIVE_INFINITY) === longest)];
  return `${slowest(own)} ${which?.situation ?? ''} (${slowest(total)})`;
}

function wordsOfCell(cell: Cell): string {
  return `${wordsOf(cell)} ${cell.phases}`;
}

function wordsOf({ problems, cut }: RequestVerdict): string {
  const word = problems.length === 0 ? '✔' : '✘';
  return cut === 0 ? word : `${word} ${cut} cut`;
}

function remarksOf({ title, cells, management, problems }: FaultReport): readonly string[] {
  return [
    ...cells.flatMap((cell) => cell.problems.map((words) => `${cell.situation}: ${words}`)),
    ...management.problems.map((words) => `management: ${words}`),
    ...problems,
  ].map((words) => `${title}, ${words}`);
}

function slowest(ms: readonly (number | null)[]): string {
  const known = ms.filter((one) => one !== null);
  return known.length < ms.length ? 'never' : `${(Math.max(0, ...known) / 1_000).toFixed(1)} s`;
}
