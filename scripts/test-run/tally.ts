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

/** What became of one test file. */
export interface FileResult {
  readonly file: string;
  readonly ms: number;
  readonly passed: number;
  /** A file that could not be run counts as one. */
  readonly failed: number;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** For people: each thing that did not pass, and what was left out. */
  readonly remarks: readonly string[];
  readonly files: readonly FileResult[];
}

export const emptyTally: Tally = { passed: 0, failed: 0, remarks: [], files: [] };

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
    files: report.testResults.map(({ name, status, startTime, endTime, assertionResults }) => {
      const count = (wanted: string) =>
        assertionResults.filter((test) => test.status === wanted).length;
      return {
        file: fileOf(name),
        ms: endTime - startTime,
        passed: count('passed'),
        failed: count('failed') || (status === 'failed' ? 1 : 0),
      };
    }),
  };
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    remarks: [...a.remarks, ...b.remarks],
    files: [...a.files, ...b.files],
  };
}

/** One more failure that no test stands for. */
export function withFailure(tally: Tally, remark: string): Tally {
  return { ...tally, failed: tally.failed + 1, remarks: [...tally.remarks, `failed: ${remark}`] };
}

/** If more files fail than this, it is no accident. */
const mostTriedAgain = 4;

/**
 * Files on real processes that failed in a run of everything. Pure tests have no excuse, and who asks for tests by
 * arguments looks at them himself.
 * @param args of the caller
 */
export function worthAnotherTry({ files }: Tally, args: readonly string[]): readonly string[] {
  if (args.length > 0) return [];
  const again = files
    .filter(({ file, failed }) => failed > 0 && /\.(itest|e2e)\.ts$/.test(file))
    .map(({ file }) => file);
  return again.length > mostTriedAgain ? [] : again;
}

/**
 * What holds after failed files were run again by themselves. One that passes then is named all the same: it
 * fails beside others or on a busy machine, and somebody has to find out why.
 */
export function afterAnotherTry(first: Tally, again: Tally): Tally {
  const tried = new Set(again.files.map(({ file }) => file));
  const replaced = first.files.filter(({ file }) => tried.has(file));
  const sum = (key: 'passed' | 'failed') => replaced.reduce((all, file) => all + file[key], 0);
  const passes = again.files.filter(({ failed }) => failed === 0);
  return {
    passed: first.passed - sum('passed') + again.passed,
    failed: first.failed - sum('failed') + again.failed,
    remarks: [
      ...first.remarks.filter((remark) => ![...tried].some((file) => remark.includes(`${file}:`))),
      ...again.remarks,
      ...passes.map(({ file }) => `unsteady: ${file}: failed beside others, passed by itself`),
    ],
    files: [...first.files.filter(({ file }) => !tried.has(file)), ...again.files],
  };
}

/** What to look at when the whole takes too long: a line for each, the slowest first. */
export function slowestFiles({ files }: Tally, count: number): readonly string[] {
  return files
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
