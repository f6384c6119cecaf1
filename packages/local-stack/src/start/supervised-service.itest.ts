import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { poll, pollTrue } from '../process/poll.ts';
import { isAlive, listProcessesAround } from '../process/process-table.ts';
import { type SupervisedService, superviseService } from './supervised-service.ts';

const stopSteps = [
  { signal: 'SIGTERM', waitMs: 2000 },
  { signal: 'SIGKILL', waitMs: 1000 },
] as const;
const soon = { timeoutMs: 10_000, everyMs: 20 };

let directory: string;
let service: SupervisedService | null;
let said: string[];

function supervise(program: string): SupervisedService {
  const script = join(directory, 'service.mjs');
  writeFileSync(script, program);
  service = superviseService(
    {
      service: 'api',
      name: 'test',
      script,
      env: { PATH: '/usr/bin:/bin', MARK: directory },
      workingDirectory: directory,
      logFile: join(directory, 'log'),
      socket: null,
    },
    { log: (line) => said.push(line), changed: () => undefined },
  );
  return service;
}

const healthy = `
process.on('disconnect', () => process.exit(0));
process.send({ type: 'ready', url: null, opsUrl: 'http://127.0.0.1:1' });
`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wakefield-supervise-'));
  service = null;
  said = [];
});
afterEach(async () => {
  await service?.stop(stopSteps);
  const left = listProcessesAround(directory);
  rmSync(directory, { recursive: true, force: true });
  expect(left).toEqual([]);
});

describe('superviseService', () => {
  test('starts again what was killed, and says so', async () => {
    const one = supervise(healthy);
    await one.ready;
    const before = one.running()?.pid ?? 0;
    process.kill(before, 'SIGKILL');
    const after = await poll(soon, () => {
      const pid = one.running()?.pid;
      return pid === undefined || pid === before ? undefined : pid;
    });
    expect(isAlive(after ?? 0)).toBe(true);
    expect(said).toEqual([
      'test ended (SIGKILL); starting it again in 0.25 s',
      `test is ready again (process ${after})`,
    ]);
  });

  test('stops for good, and kills what does not listen', async () => {
    const one = supervise(
      `process.on('SIGTERM', () => undefined); setInterval(() => 0, 1e6);${healthy}`,
    );
    await one.ready;
    const pid = one.running()?.pid ?? 0;
    await one.stop([
      { signal: 'SIGTERM', waitMs: 200 },
      { signal: 'SIGKILL', waitMs: 1000 },
    ]);
    expect(isAlive(pid)).toBe(false);
    expect(said).toEqual([]);
  });

  test('gives up on one that never gets ready, with the end of its log', async () => {
    const one = supervise("console.log('no port'); process.exit(3);");
    await expect(one.ready).rejects.toThrow(/test ended 3 times \(code 3\)[\s\S]*no port/);
    expect(readFileSync(join(directory, 'log'), 'utf8').match(/no port/g)).toHaveLength(3);
  });

  test('does not try a wrong configuration twice', async () => {
    const one = supervise("console.log('PORT: wrong'); process.exit(78);");
    await expect(one.ready).rejects.toThrow(/cannot use its configuration[\s\S]*PORT: wrong/);
    expect(said).toEqual([]);
  });

  test('but tries one again that could be used before, and says what is wrong', async () => {
    const one = supervise(healthy);
    await one.ready;
    writeFileSync(join(directory, 'service.mjs'), 'process.exit(78);');
    process.kill(one.running()?.pid ?? 0, 'SIGKILL');
    const told = () => said.some((line) => /cannot use its configuration/.test(line));
    expect(await pollTrue(soon, told)).toBe(true);
    writeFileSync(join(directory, 'service.mjs'), healthy);
    expect(await pollTrue(soon, () => one.running() !== null)).toBe(true);
  });

  test('one that is stopped before it is ready keeps nobody waiting', async () => {
    const one = supervise('setInterval(() => 0, 1e6);');
    await one.stop(stopSteps);
    await expect(one.ready).rejects.toThrow('was stopped before it was ready');
  });

  test('one that is told to stop while it waits does not come back', async () => {
    const one = supervise('process.exit(1);');
    await pollTrue(soon, () => said.length >= 2);
    await one.stop(stopSteps);
    const lines = said.length;
    expect(one.running()).toBeNull();
    expect(said).toHaveLength(lines);
  });
});
