import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SizeReport } from './measure.ts';

let folder: string;
let reports: readonly SizeReport[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
  const file = join(folder, 'result.json');
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const args = [...node, main, 'scheduler', '--quick', '--json', file];
  await promisify(execFile)(process.execPath, args);
  reports = JSON.parse(await readFile(file, 'utf8'));
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('a quick run counts the same statements for twice as many models, and looks at them', () => {
  const [few, twice] = reports;
  expect(few).toMatchObject({ models: 20, jobs: 10 });
  expect(twice).toMatchObject({ models: 40, jobs: 20 });
  const statements = reports.map(({ cycles }) => cycles.map((cycle) => cycle.statements));
  expect(new Set(statements.flat()).size).toBe(1);
  for (const { cycles, steady } of reports) {
    for (const { ms, cpuMs } of cycles) expect([ms > 0, cpuMs > 0]).toEqual([true, true]);
    // Since the first sweep: nothing happens to them, so no look needs a run of its own.
    expect([steady.putOff > 0, steady.runs]).toEqual([true, 0]);
  }
});
