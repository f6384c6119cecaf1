import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freePorts } from '@wakefield/local-stack';
import { until } from '@wakefield/testkit';
import { answers, type SimulatorProcess, startProcess } from '../test/process.ts';

let started: SimulatorProcess[] = [];
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map((process) => process.ended()));
  started = [];
});

async function start(
  rank: number,
  port: number,
  ...flags: readonly string[]
): Promise<SimulatorProcess> {
  const process = await startProcess(
    ...['--load-seconds=0', '--nnodes=2', `--node-rank=${rank}`, `--master-port=${port}`],
    ...(rank === 0 ? [] : ['--headless']),
    ...flags,
  );
  started.push(process);
  return process;
}

async function pair(): Promise<readonly [SimulatorProcess, SimulatorProcess]> {
  const port = await freePorts(1);
  const ranks = [await start(0, port), await start(1, port)] as const;
  await until(() => answers(`${ranks[0].url}/health`, 200));
  return ranks;
}

describe('an engine of two ranks', () => {
  test('serves once the second has come, which serves nothing and ends with the first', async () => {
    const port = await freePorts(1);
    const head = await start(0, port);
    await until(() => head.output().includes(`waiting for 1 other ranks on 127.0.0.1:${port}`));
    await expect(fetch(`${head.url}/health`)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
    expect(head.output()).not.toContain('Loading');
    const other = await start(1, port);
    await until(() => answers(`${head.url}/health`, 200));
    expect(head.output()).toContain('[simulator rank 0 of 2] rank 1 of 2 has come');
    await until(() => other.output().includes('[simulator rank 1 of 2] computing for the head'));
    await expect(fetch(`${other.url}/health`)).rejects.toThrow();
    head.child.kill('SIGTERM');
    expect([await head.ended(), await other.ended()]).toEqual([0, 0]);
  });

  test('comes together whichever is first', async () => {
    const port = await freePorts(1);
    const other = await start(1, port);
    await until(() => other.output().includes('joining the head'));
    const head = await start(0, port);
    await until(() => answers(`${head.url}/health`, 200));
  });

  test.each([0, 1])('ends when rank %i dies', async (dead) => {
    const ranks = await pair();
    const [left, gone] = dead === 0 ? [ranks[1], ranks[0]] : ranks;
    gone.child.kill('SIGKILL');
    expect(await left.ended()).toBe(1);
    expect(left.output()).toContain(`the connection to rank ${dead} was lost`);
  });

  test('lets nobody else in, and goes on waiting', async () => {
    const port = await freePorts(1);
    const head = await start(0, port);
    await until(() => head.output().includes('waiting for 1'));
    const stranger = connect(port, '127.0.0.1', () => stranger.write('GET / HTTP/1.1\r\n\r\n'));
    await once(stranger.resume(), 'close');
    const flood = connect(port, '127.0.0.1', () => flood.write('x'.repeat(100_000)));
    flood.on('error', () => undefined);
    await once(flood.resume(), 'close').catch(() => undefined);
    const foreign = await start(1, port, '--model=another');
    expect(await foreign.ended()).toBe(1);
    expect(foreign.output()).toContain('this is engine wakefield/simulator, not another');
    await start(1, port);
    await until(() => answers(`${head.url}/health`, 200));
  });

  test.each([
    [0, 'not all ranks came within 1 s'],
    [1, 'ECONNREFUSED'],
  ])('rank %i does not wait for ever', async (rank, words) => {
    const lonely = await start(rank, await freePorts(1), '--distributed-timeout-seconds=1');
    expect(await lonely.ended()).toBe(1);
    expect(lonely.output()).toContain(words);
  });

  test.each([0, 1])('TERM to rank %i ends it while it waits', async (rank) => {
    const waiting = await start(rank, await freePorts(1));
    await until(() => /waiting for|joining the head/.test(waiting.output()));
    waiting.child.kill('SIGTERM');
    expect(await waiting.ended()).toBe(130);
  });

  test('a taken port to meet at is told as any other', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const head = await start(0, port);
    expect(await head.ended()).toBe(1);
    expect(head.output()).toContain(`Address already in use: port ${port}`);
    server.close();
  });
});
