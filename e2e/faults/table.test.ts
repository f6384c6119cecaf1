import { expect, test } from '@jest/globals';
import type { Cell, FaultReport } from './run-fault.ts';
import { situationNames } from './situations.ts';
import { tableOf } from './table.ts';

const cells = situationNames.map(
  (situation): Cell => ({
    situation,
    phases: 'ready',
    convergence: { what: '', totalMs: 3_000, notOursMs: 1_000, last: '' },
    requests: 10,
    cut: 0,
    problems: [],
  }),
);
const report: FaultReport = {
  title: 'api SIGKILL',
  strike: {
    plug: 'api',
    kind: 'kill',
    cost: 'nothing',
    refuses: 'nothing',
    struckAt: 1_000,
    overAt: 3_000,
    pids: [],
    jobs: [],
  },
  cells,
  management: { requests: 5, cut: 1, problems: [] },
  restMs: 4_000,
  slowestMs: 2_500,
  problems: [],
};
const lineOf = (one: FaultReport) => tableOf([one]).split('\n').slice(2).join('\n');

test('a row has what was struck, and how long it took', () => {
  expect(lineOf(report)).toBe(
    `| api SIGKILL ${'| ✔ ready '.repeat(6)}| ✔ 1 cut | 2.0 s wake (3.0 s) | 4.0 s | 2.5 s | 65, over 2 s |\n`,
  );
});

test('what fails is seen in the row, and told below', () => {
  const [first, ...more] = cells as [Cell, ...Cell[]];
  const never = { ...first.convergence, totalMs: null };
  const bad = {
    ...report,
    cells: [{ ...first, convergence: never, problems: ['never'] }, ...more],
    management: { requests: 5, cut: 0, problems: ['1 × look'] },
    problems: ['left: x'],
    restMs: null,
  };
  const [row = '', , ...remarks] = lineOf(bad).split('\n');
  expect(row).toMatch(
    /^\| api SIGKILL ✘ \| ✘ ready \| ✔ .* \| ✘ \| never wake \(never\) \| never \|/,
  );
  expect(remarks).toEqual([
    '- api SIGKILL, wake: never',
    '- api SIGKILL, management: 1 × look',
    '- api SIGKILL, left: x',
    '',
  ]);
});
