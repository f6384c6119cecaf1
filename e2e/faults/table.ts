import { judge, ownMs } from './judge.ts';
import type { FaultReport } from './run-fault.ts';
import { situationNames } from './situations.ts';

/** The reports as a Markdown table, and below it what failed in words. */
export function tableOf(reports: readonly FaultReport[]): string {
  const head = ['fault', ...situationNames, 'converged', 'slowest', 'requests'];
  const rows = reports.map(rowOf);
  const remarks = reports.flatMap(remarksOf);
  return [
    row(head),
    row(head.map(() => '---')),
    ...rows.map(row),
    '',
    ...(remarks.length === 0 ? [] : [...remarks.map((remark) => `- ${remark}`), '']),
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function rowOf(report: FaultReport): readonly string[] {
  const { cells, moments } = report;
  const verdicts = cells.map((cell) => judge(cell, report));
  const own = cells.map(ownMs);
  const total = cells.map(({ convergence }) => convergence.totalMs);
  const requests = cells.flatMap((cell) => cell.requests);
  const slowest = Math.max(0, ...requests.map(({ startedAt, endedAt }) => endedAt - startedAt));
  return [
    faultName(report),
    ...verdicts.map(({ problems, cut }) => {
      const word = problems.length === 0 ? '✔' : '✘';
      return cut === 0 ? word : `${word} ${cut} cut`;
    }),
    `${seconds(own)} (${seconds(total)})`,
    seconds([slowest]),
    `${requests.length}, over ${((moments.overAt - moments.struckAt) / 1_000).toFixed(0)} s`,
  ];
}

function faultName({ plug, kind }: FaultReport): string {
  return `${plug.name} ${kind === 'kill' ? 'SIGKILL' : 'SIGSTOP 20 s'}`;
}

function remarksOf(report: FaultReport): readonly string[] {
  const ofCells = report.cells.flatMap((cell) =>
    judge(cell, report).problems.map((problem) => `${cell.situation}: ${problem}`),
  );
  const ofBooks = Object.entries(report.books).flatMap(([what, names]) =>
    names.map((name: string) => `${what}: ${name}`),
  );
  return [...ofCells, ...ofBooks].map((words) => `${faultName(report)}, ${words}`);
}

function seconds(ms: readonly (number | null)[]): string {
  const known = ms.filter((one) => one !== null);
  return known.length < ms.length ? 'never' : `${(Math.max(0, ...known) / 1_000).toFixed(1)} s`;
}
