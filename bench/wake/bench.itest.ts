import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Wake } from './wake-once.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('a quick run tells the stages of a wake in their order, and judges nothing by it', async () => {
  const file = join(folder, 'result.json');
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const args = [...node, main, 'wake', '--quick', '--local', '--load', '0', '--json', file];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch('these figures mean nothing');
  expect(stdout).not.toMatch('| met |');
  const wakes: readonly Wake[] = JSON.parse(await readFile(file, 'utf8'));
  expect(wakes).toHaveLength(1);
  for (const { submitted, engineReady, routed, answered } of wakes) {
    expect(submitted).toBeGreaterThan(0);
    expect(engineReady).toBeGreaterThanOrEqual(submitted);
    expect(routed).toBeGreaterThanOrEqual(engineReady);
    expect(answered).toBeGreaterThanOrEqual(routed);
  }
}, 180_000);
