import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freePorts } from '../process/free-port.ts';
import { openSharedPort, type SharedPort } from './shared-port.ts';

/** Answers with its process id; ends in order on SIGTERM. */
const program = `
const server = require('node:http').createServer((_request, response) => response.end(String(process.pid)));
server.listen({ fd: 3 }, () => process.send('ready'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
process.on('disconnect', () => process.exit(0));
`;

let shared: SharedPort | null = null;
const children = new Set<ChildProcess>();

async function start(port: SharedPort): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', port.stdio, 'ipc'],
  });
  children.add(child);
  await once(child, 'message');
  return child;
}

/** Over a connection of its own. @returns process id of whoever answered */
function ask(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.on('data', (pid: Buffer) => resolve(Number(pid)));
    });
    asked.once('error', reject).end();
  });
}

afterEach(async () => {
  shared?.close();
  shared = null;
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children.clear();
});

describe('a port that several share', () => {
  test('gives connections to all of them, and loses none while they end and come again', async () => {
    const port = await freePorts(1);
    shared = await openSharedPort('127.0.0.1', port);
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
    let pair = [await start(shared), await start(shared)];
    const seen = new Set<number>();
    const stop = new AbortController();
    let answers = 0;
    const asking = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) {
        seen.add(await ask(port));
        answers += 1;
      }
    });
    for (let turn = 0; turn < 4; turn += 1) {
      const [first, second] = pair as [ChildProcess, ChildProcess];
      const ended = once(first, 'exit');
      first.kill('SIGTERM');
      await ended;
      pair = [second, await start(shared)];
    }
    // Who was there for a moment may not have been asked; who stays is.
    const isAsked = ({ pid }: ChildProcess) => seen.has(pid ?? 0);
    const deadline = performance.now() + 20_000;
    while (!pair.every(isAsked) && performance.now() < deadline)
      await Promise.all(Array.from({ length: 16 }, () => ask(port)));
    stop.abort();
    // A refused or broken connection would reject.
    await Promise.all(asking);
    expect(answers).toBeGreaterThan(0);
    expect(pair.map(isAsked)).toEqual([true, true]);
  }, 60_000);

  test('keeps who comes while nobody is there until somebody is', async () => {
    const port = await freePorts(1);
    shared = await openSharedPort('127.0.0.1', port);
    const first = await start(shared);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const waiting = ask(port);
    const second = await start(shared);
    expect(await waiting).toBe(second.pid);
  }, 30_000);

  test('that is in use is refused', async () => {
    const port = await freePorts(1);
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    await expect(openSharedPort('127.0.0.1', port)).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port} (EADDRINUSE).`,
    );
    other.close();
    await expect(openSharedPort('no.such.host.invalid', port)).rejects.toThrow('Cannot listen on');
  });
});
