import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { measureRatios } from './guard.ts';
import type { Report } from './report.ts';

let folder: string;
let whole: Report;
let markdown: string;
/** Engine and load generator in Node, for where there is no compiler. */
let inNode: Report;

const own = ['node:http', 'node:http + undici', 'wakefield'];
const lasting = ['open streams', 'busy neighbour'];
const brief = ['haproxy', 'node:http + undici'];
/** Not everywhere to be had, or not yet. */
const optional = ['nginx', 'haproxy', 'wakefield FAST_PATH=off'];
const everybody = [
  'answers, 300 B',
  'answers, 2 KB',
  'answers, 100 KB',
  'first byte, answers',
].concat([...['streams, no pause', 'streams, paced', 'open streams', 'busy neighbour', 'storm']]);
const ours = ['held requests', 'growth, models', 'growth, endpoints', 'growth, callers'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
  whole = await run('whole', '--markdown', join(folder, 'whole.md'));
  markdown = await readFile(join(folder, 'whole.md'), 'utf8');
  inNode = await run('node', '--generator', 'Node', '--without', [...optional, own[1]].join(','));
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(name: string, ...flags: readonly string[]): Promise<Report> {
  const file = join(folder, `${name}.json`);
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const args = [...node, main, 'proxy', '--quick', '--json', file, ...flags];
  await promisify(execFile)(process.execPath, args, { maxBuffer: 16 << 20 });
  return JSON.parse(await readFile(file, 'utf8'));
}

function candidatesIn(report: Report, name: string): readonly string[] {
  const results = report.scenarios.find((one) => one.name === name)?.results ?? [];
  return [...new Set(results.map(({ candidate }) => candidate))];
}

describe('a quick run of the benchmark', () => {
  it('says what it ran on, and of those who are not in it why', () => {
    expect(whole).toMatchObject({ version: 2, quick: true, rounds: 1 });
    expect(whole.machine.cores).toBeGreaterThan(0);
    for (const { candidate, reason } of whole.absent) {
      expect(optional).toContain(candidate);
      expect(reason).not.toBe('');
    }
    expect(whole.versions).toMatchObject({ wakefield: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  it('has every scenario, nobody failed in any, and everybody is in those for everybody', () => {
    expect(whole.scenarios.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...everybody, ...ours]),
    );
    expect(whole.scenarios.flatMap(({ failures }) => failures)).toEqual([]);
    const absent = whole.absent.map(({ candidate }) => candidate);
    const there = [...own, ...optional].filter((name) => !absent.includes(name));
    for (const name of everybody) {
      const those = there.filter((one) => !lasting.includes(name) || !brief.includes(one));
      expect(candidatesIn(whole, name).toSorted()).toEqual(['direct', ...those].toSorted());
    }
    for (const name of ours) expect(candidatesIn(whole, name)).not.toContain('node:http');
    expect(candidatesIn(whole, 'growth, callers')).toHaveLength(2);
  });

  it('has numbers only, and compares them with the shortest way that there is', () => {
    const results = whole.scenarios.flatMap((scenario) => scenario.results);
    for (const { value } of results)
      for (const number of Object.values(value)) expect(number).toEqual(expect.any(Number));
    const baseline = whole.absent.some(({ candidate }) => candidate === 'nginx')
      ? 'node:http'
      : 'nginx';
    const answers = whole.scenarios.find(({ name }) => name === 'answers, 2 KB');
    expect(answers).toMatchObject({ baseline });
    for (const { figure, ratio } of answers?.results ?? [])
      expect(ratio !== undefined).toBe(figure !== 'load busy %');
  });

  it('is a table for people', () => {
    expect(markdown).toContain('A quick run: these figures mean nothing.');
    for (const name of [...everybody, ...ours]) expect(markdown).toContain(`### ${name}\n`);
    expect(markdown).toMatch(/^\| wakefield \| \d/m);
    expect(markdown).not.toMatch(/NaN|undefined|null/);
  });

  it('works without a compiler, too, and says so', () => {
    expect(inNode.generator).toEqual({ kind: 'Node', reason: 'asked for' });
    expect(inNode.absent).toEqual([]);
    expect(inNode.scenarios.flatMap(({ failures }) => failures)).toEqual([]);
    for (const name of everybody)
      expect(candidatesIn(inNode, name)).toEqual(['direct', 'node:http', 'wakefield']);
    for (const { results } of inNode.scenarios) expect(results.length).toBeGreaterThan(0);
  });
});

it('the guard has a ratio for plain answers and one for streams', async () => {
  const onProgress = (): void => undefined;
  const ratios = await measureRatios({ version: '', rounds: 1, ms: 100, warmUpMs: 50, onProgress });
  expect(Object.keys(ratios)).toEqual(['answers, 2 KB', 'streams, no pause']);
  for (const ratio of Object.values(ratios)) expect(ratio).toBeGreaterThan(0);
}, 60_000);
