import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { withLock } from './directory-lock.ts';
import { identify } from './process-table.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wf-lock-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('has one holder at a time, also when many find that the last one is dead', async () => {
  const { signal } = new AbortController();
  const path = join(folder, '.lock');
  const dead = { ...identify(process.pid), pid: 2 ** 22 + 1 };
  let inside = 0;
  let most = 0;
  for (let round = 0; round < 15; round++) {
    await writeFile(path, JSON.stringify({ ...dead, token: `dead-${round}` }));
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await pause(1);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, () => withLock(path, signal, work)));
  }
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
}, 30_000);
