import { describe, expect, test } from '@jest/globals';
import {
  addTallies,
  afterAnotherTry,
  closingLine,
  emptyTally,
  exitCode,
  type JestReport,
  slowestFiles,
  type Tally,
  tallyOf,
  withFailure,
  worthAnotherTry,
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
      files: [{ file: 'packages/a/src/a.test.ts', ms: 1500, passed: 0, failed: 1 }],
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
    const files = [
      { file: 'a', ms: 90, passed: 1, failed: 0 },
      { file: 'b', ms: 12_340, passed: 1, failed: 0 },
      { file: 'c', ms: 2000, passed: 1, failed: 0 },
    ];
    expect(slowestFiles({ ...emptyTally, files }, 2)).toEqual(['   12.3 s  b', '    2.0 s  c']);
  });
});

describe('another try', () => {
  const file = (name: string, passed: number, failed: number) => ({
    file: name,
    ms: 1,
    passed,
    failed,
  });
  const first: Tally = {
    passed: 5,
    failed: 4,
    remarks: [
      'failed: a.itest.ts: one',
      'failed: b.itest.ts: two',
      'failed: c.test.ts: three',
      'failed: Jest ended with 1',
    ],
    files: [file('a.itest.ts', 3, 1), file('b.itest.ts', 0, 1), file('c.test.ts', 2, 1)],
  };

  test('is for files on real processes, not for pure ones', () => {
    expect(worthAnotherTry(first, [])).toEqual(['a.itest.ts', 'b.itest.ts']);
  });

  test('is not for a caller who chose tests: his options would be lost', () => {
    expect(worthAnotherTry(first, ['-t', 'one'])).toEqual([]);
  });

  test('is not for many: that is no accident', () => {
    const files = ['a', 'b', 'c', 'd', 'e'].map((name) => file(`${name}.itest.ts`, 0, 1));
    expect(worthAnotherTry({ ...first, files }, [])).toEqual([]);
    expect(worthAnotherTry({ ...first, files: files.slice(1) }, [])).toHaveLength(4);
  });

  test('takes the place of the first; what passes by itself is named, what fails stays failed', () => {
    const again: Tally = {
      passed: 4,
      failed: 1,
      remarks: ['failed: b.itest.ts: two'],
      files: [file('a.itest.ts', 4, 0), file('b.itest.ts', 0, 1)],
    };
    const tally = afterAnotherTry(first, again);
    expect(tally).toMatchObject({ passed: 6, failed: 3 });
    expect(tally.remarks).toEqual([
      'failed: c.test.ts: three',
      'failed: Jest ended with 1',
      'failed: b.itest.ts: two',
      'unsteady: a.itest.ts: failed beside others, passed by itself',
    ]);
    expect(tally.files.map((result) => result.file)).toEqual([
      'c.test.ts',
      'a.itest.ts',
      'b.itest.ts',
    ]);
  });
});
