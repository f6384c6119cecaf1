import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

test('is taken over from a process that stands still, and stays with whoever has it when that one goes on', async () => {
  const { signal } = new AbortController();
  const path = join(folder, '.stopped');
  const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(sleeper, 'spawn');
  try {
    const holder = identify(sleeper.pid ?? 0);
    await writeFile(path, JSON.stringify({ ...holder, token: 'sleeper' }));
    sleeper.kill('SIGSTOP');
    await withLock(path, signal, async () => {
      // As if another had taken it from us while we stood still.
      await writeFile(path, JSON.stringify({ ...identify(process.pid), token: 'another' }));
    });
    expect(await readdir(folder)).toEqual(['.stopped']);
  } finally {
    sleeper.kill('SIGKILL');
    await rm(path, { force: true });
  }
}, 30_000);
