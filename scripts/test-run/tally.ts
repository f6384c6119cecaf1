/** What one run of Jest reports with `--json`; only the fields that count here. */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** For people: each thing that did not pass, and what was left out. */
  readonly remarks: readonly string[];
}

export const emptyTally: Tally = { passed: 0, failed: 0, remarks: [] };

/** A file that could not be run has no tests to count, so it counts as one failed. */
export function tallyOf(report: JestReport, rootDirectory: string): Tally {
  const remarks = report.testResults.flatMap(({ name, status, assertionResults }) => {
    const file = name.replace(`${rootDirectory}/`, '');
    const bad = assertionResults.filter((test) => test.status === 'failed');
    const skipped = assertionResults.filter(
      (test) => test.status === 'pending' || test.status === 'todo',
    );
    return [
      ...bad.map((test) => `failed: ${file}: ${test.fullName}`),
      ...(status === 'failed' && bad.length === 0 ? [`failed: ${file}: could not be run`] : []),
      ...skipped.map((test) => `skipped: ${file}: ${test.fullName}`),
    ];
  });
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    remarks,
  };
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    remarks: [...a.remarks, ...b.remarks],
  };
}

/** One more failure that no test stands for. */
export function withFailure(tally: Tally, remark: string): Tally {
  return { ...tally, failed: tally.failed + 1, remarks: [...tally.remarks, `failed: ${remark}`] };
}

/** The last line, for people and for scripts. */
export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed`;
}

/** Good is: something ran, and all of it passed. */
export function exitCode(tally: Tally): number {
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}
