import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@wakefield/testkit';
import { answers, type SimulatorProcess, startProcess } from '../test/process.ts';

let folder: string;
let started: SimulatorProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-'));
});
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map((process) => process.ended()));
  started = [];
});
afterAll(() => rm(folder, { recursive: true }));

async function start(...flags: string[]): Promise<SimulatorProcess> {
  const process = await startProcess(...flags);
  started.push(process);
  return process;
}

describe('the process', () => {
  test('refuses connections until it is loaded, then serves, then ends with 0', async () => {
    const engine = await start('--load-seconds=0.6');
    await until(() => engine.output().includes('25% Completed'));
    await expect(fetch(`${engine.url}/health`)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
    await until(() => answers(`${engine.url}/health`, 200));
    expect(engine.output()).toContain('Application startup complete.');
    engine.child.kill('SIGTERM');
    expect(await engine.ended()).toBe(0);
  });

  test('reads its key from a file; it is not in the command line', async () => {
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, 'very-secret\n', { mode: 0o600 });
    const engine = await start('--load-seconds=0', `--key-file=${keyFile}`);
    await until(() => answers(`${engine.url}/v1/models`, 401));
    const headers = { authorization: 'Bearer very-secret' };
    expect((await fetch(`${engine.url}/v1/models`, { headers })).status).toBe(200);
    if (process.platform === 'linux') {
      const line = await readFile(`/proc/${engine.child.pid}/cmdline`, 'utf8');
      expect(line).toContain('--key-file');
      expect(line).not.toContain('very-secret');
    }
    expect(engine.output()).not.toContain('very-secret');
  });

  test('a taken port ends it before it loads', async () => {
    const first = await start('--load-seconds=0');
    await until(() => answers(`${first.url}/health`, 200));
    const second = await start('--load-seconds=60', `--port=${new URL(first.url).port}`);
    expect(await second.ended()).toBe(1);
    expect(second.output()).toMatch(/OSError: .*Address already in use/);
  });

  test.each([
    ['start', 'fail=start'],
    ['load', 'torch.OutOfMemoryError'],
  ])('fail=%s ends with 1 and says why', async (fail, words) => {
    const engine = await start('--load-seconds=0.2', `--fail=${fail}`);
    expect(await engine.ended()).toBe(1);
    expect(engine.output()).toContain(words);
    expect(engine.output()).not.toContain('startup complete');
  });

  test('TERM while it loads ends it', async () => {
    const engine = await start('--load-seconds=60');
    await until(() => engine.output() !== '');
    engine.child.kill('SIGTERM');
    expect(await engine.ended()).toBe(130);
  });

  test('a wrong flag is told', async () => {
    const engine = await start('--fail=often');
    expect(await engine.ended()).toBe(2);
    expect(engine.output()).toContain('--fail must be one of');
  });
});
