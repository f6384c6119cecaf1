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
    /** Epoch ms. */
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface FileTime {
  readonly file: string;
  readonly ms: number;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** For people: each thing that did not pass, and what was left out. */
  readonly remarks: readonly string[];
  /** How long each file took. */
  readonly times: readonly FileTime[];
}

export const emptyTally: Tally = { passed: 0, failed: 0, remarks: [], times: [] };

/** A file that could not be run has no tests to count, so it counts as one failed. */
export function tallyOf(report: JestReport, rootDirectory: string): Tally {
  const fileOf = (path: string) => path.replace(`${rootDirectory}/`, '');
  const remarks = report.testResults.flatMap(({ name, status, assertionResults }) => {
    const file = fileOf(name);
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
    times: report.testResults.map(({ name, startTime, endTime }) => ({
      file: fileOf(name),
      ms: endTime - startTime,
    })),
  };
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    remarks: [...a.remarks, ...b.remarks],
    times: [...a.times, ...b.times],
  };
}

/** One more failure that no test stands for. */
export function withFailure(tally: Tally, remark: string): Tally {
  return { ...tally, failed: tally.failed + 1, remarks: [...tally.remarks, `failed: ${remark}`] };
}

/** What to look at when the whole takes too long: a line for each, the slowest first. */
export function slowestFiles({ times }: Tally, count: number): readonly string[] {
  return times
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ file, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${file}`);
}

/** The last line, for people and for scripts. */
export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed`;
}

/** Good is: something ran, and all of it passed. */
export function exitCode(tally: Tally): number {
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}
