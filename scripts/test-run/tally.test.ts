import { describe, expect, test } from '@jest/globals';
import {
  addTallies,
  closingLine,
  emptyTally,
  exitCode,
  type JestReport,
  slowestFiles,
  tallyOf,
  withFailure,
} from './tally.ts';

const time = { startTime: 1000, endTime: 2500 };
const report = (parts: Partial<JestReport>): JestReport => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  testResults: [],
  ...parts,
});

describe('tallyOf', () => {
  test('counts passed and failed tests and names the failed ones', () => {
    const tally = tallyOf(
      report({
        numPassedTests: 3,
        numFailedTests: 1,
        testResults: [
          {
            name: '/r/packages/a/src/a.test.ts',
            status: 'failed',
            ...time,
            assertionResults: [{ status: 'failed', fullName: 'a does b' }],
          },
        ],
      }),
      '/r',
    );
    expect(tally).toEqual({
      passed: 3,
      failed: 1,
      remarks: ['failed: packages/a/src/a.test.ts: a does b'],
      times: [{ file: 'packages/a/src/a.test.ts', ms: 1500 }],
    });
  });

  test('a file that cannot be run is a failure', () => {
    const broken = { name: '/r/x.test.ts', status: 'failed', ...time, assertionResults: [] };
    const tally = tallyOf(report({ numRuntimeErrorTestSuites: 1, testResults: [broken] }), '/r');
    expect(tally).toMatchObject({
      passed: 0,
      failed: 1,
      remarks: ['failed: x.test.ts: could not be run'],
    });
  });

  test('what is left out is said', () => {
    const skipped = { status: 'pending', fullName: 'later' };
    const file = { name: '/r/x.test.ts', status: 'passed', ...time, assertionResults: [skipped] };
    const { remarks } = tallyOf(report({ testResults: [file] }), '/r');
    expect(remarks).toEqual(['skipped: x.test.ts: later']);
  });
});

describe('the end of a run', () => {
  test('sums up', () => {
    const sum = addTallies({ ...emptyTally, passed: 2 }, withFailure(emptyTally, 'x'));
    expect(closingLine(sum)).toBe('2 passed, 1 failed');
    expect(exitCode(sum)).toBe(1);
  });

  test('is good only when something ran and nothing failed', () => {
    expect(exitCode(emptyTally)).toBe(1);
    expect(exitCode({ ...emptyTally, passed: 1 })).toBe(0);
  });

  test('names what took longest', () => {
    const times = [
      { file: 'a', ms: 90 },
      { file: 'b', ms: 12_340 },
      { file: 'c', ms: 2000 },
    ];
    expect(slowestFiles({ ...emptyTally, times }, 2)).toEqual(['   12.3 s  b', '    2.0 s  c']);
  });
});
