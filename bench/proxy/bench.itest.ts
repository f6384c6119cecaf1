import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Report } from './report.ts';

let folder: string;
let report: Report;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
  const file = join(folder, 'result.json');
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  await promisify(execFile)(process.execPath, [...node, main, 'proxy', '--quick', '--json', file]);
  report = JSON.parse(await readFile(file, 'utf8'));
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a quick run of the benchmark', () => {
  it('says what it ran on', () => {
    expect(report).toMatchObject({ version: 1, quick: true, rounds: 1, baseline: 'undici' });
    expect(report.machine.cores).toBeGreaterThan(0);
  });

  it('measures every proxy in every scenario, and compares them', () => {
    const proxies = (name: string) => [
      ...new Set(
        report.scenarios.find((one) => one.name === name)?.results.map(({ proxy }) => proxy),
      ),
    ];
    const all = ['direct', 'node:http', 'undici', 'wakefield'];
    for (const name of [
      'throughput, answers',
      'latency, answers',
      'throughput, streams',
      'latency, streams',
    ]) {
      expect(proxies(name)).toEqual(all);
    }
    expect(proxies('memory, held')).toEqual(['wakefield']);
    expect(proxies('memory, silent')).toEqual(all.slice(1));
    expect(proxies('memory, active')).toEqual(all.slice(1));
    const numbers = report.scenarios
      .flatMap(({ results }) => results)
      .flatMap(({ value }) => Object.values(value));
    for (const number of numbers) expect(number).toEqual(expect.any(Number));
    // Of a round this short no memory may be left to compare with.
    const timed = report.scenarios.filter(({ name }) => !name.startsWith('memory'));
    for (const { ratio } of timed.flatMap(({ results }) => results)) expect(ratio).toBeDefined();
  });
});
