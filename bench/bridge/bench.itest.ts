import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { VersionReport } from './report.ts';

test('a quick run has figures of all three ways for both kinds of release', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
  const file = join(folder, 'result.json');
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  await promisify(execFile)(process.execPath, [...node, main, 'bridge', '--quick', '--json', file]);
  const reports = JSON.parse(await readFile(file, 'utf8')) as readonly VersionReport[];
  await rm(folder, { recursive: true, force: true });
  expect(reports.map(({ version }) => version)).toEqual(['6.3.2', '6.1.0']);
  for (const { rounds } of reports) {
    expect(rounds.map(({ target }) => target)).toEqual(['direct', 'HEAppE', 'bridge']);
    for (const { target: _, ...figures } of rounds) {
      for (const figure of Object.values(figures)) expect(figure).toBeGreaterThan(0);
    }
  }
}, 120_000);
