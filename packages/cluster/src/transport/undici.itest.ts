import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Transport } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { type buildConnector, Pool } from 'undici';
import { until } from '../conformance/scene.ts';
import { createClusterTransports } from './create-transport.ts';

/** Processes below this one. */
function sessionsOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  if (children === '') return [];
  return children.split(' ').flatMap((child) => [Number(child), ...sessionsOf(Number(child))]);
}

describe('HTTP over a transport', () => {
  let cluster: TestSlurm;
  let server: Server;
  let origin: URL;
  const sockets = new Set<Socket>();
  const open: { pool: Pool; transport: Transport }[] = [];
  let closedEarly = 0;

  beforeAll(async () => {
    cluster = await startTestSlurm({ nodes: [{ name: 'cn01', gres: '', features: '' }] });
    server = createServer((request, response) => {
      if (request.url === '/stream') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const timer = setInterval(() => response.write('data: x\n\n'), 10);
        response.once('close', () => {
          clearInterval(timer);
          if (!response.writableFinished) closedEarly++;
        });
        return;
      }
      if (request.url === '/until-close') {
        response.shouldKeepAlive = false;
        response.end('all of it');
        return;
      }
      request.pipe(response);
    });
    // As uvicorn does: an idle connection is closed by the server.
    server.keepAliveTimeout = 100;
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    origin = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterEach(async () => {
    for (const { pool, transport } of open.splice(0)) {
      await pool.destroy();
      await transport.close();
    }
    await until('the server to have no connections', async () =>
      sockets.size === 0 ? true : null,
    );
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await cluster.stop()).toEqual([]);
  });

  function poolBy(kind: 'ssh' | 'direct' | 'jump'): Pool {
    const { ssh } = cluster.slurm;
    const change = { transport: kind === 'jump' ? { kind, ...ssh } : { kind } };
    // The login node of a jump transport is not needed for bytes.
    const broken = kind === 'jump' ? { port: 1 } : {};
    const transport = createClusterTransports([cluster.config({ ...change, ...broken })]).get(
      'slurm-test',
    );
    if (transport === undefined) throw new Error('no transport');
    const connect: buildConnector.connector = ({ hostname, port }, callback) => {
      transport.connect({ host: hostname, port: Number(port) }, new AbortController().signal).then(
        (socket) => callback(null, socket as Socket),
        (error: Error) => callback(error, null),
      );
    };
    const pool = new Pool(origin, { connect, connections: 8 });
    open.push({ pool, transport });
    return pool;
  }

  test.each(['ssh', 'direct', 'jump'] as const)(
    '%s: requests, one after the other and at once',
    async (kind) => {
      const pool = poolBy(kind);
      const body = 'ä'.repeat(300_000);
      const once = async () => {
        const answer = await pool.request({ path: '/', method: 'POST', body });
        return (await answer.body.text()) === body;
      };
      expect(await once()).toBe(true);
      expect(await once()).toBe(true);
      expect((await Promise.all(Array.from({ length: 20 }, once))).every(Boolean)).toBe(true);
      // The server has closed its idle connections meanwhile: nothing hangs, nothing fails.
      await pause(400);
      expect(await once()).toBe(true);
    },
  );

  test.each(['ssh', 'direct'] as const)(
    '%s: a body that ends with its connection',
    async (kind) => {
      const answer = await poolBy(kind).request({ path: '/until-close', method: 'GET' });
      expect(await answer.body.text()).toBe('all of it');
    },
  );

  test.each(['ssh', 'direct', 'jump'] as const)(
    '%s: who goes away closes the stream at the engine',
    async (kind) => {
      const before = closedEarly;
      const { body } = await poolBy(kind).request({ path: '/stream', method: 'GET' });
      for await (const _ of body) break;
      await until('the engine to notice', async () => (closedEarly > before ? true : null), 3000);
    },
  );

  test('a lost ssh connection is an error of the stream, not its end', async () => {
    const { body } = await poolBy('ssh').request({ path: '/stream', method: 'GET' });
    const reading = (async () => {
      for await (const _ of body);
    })();
    const failed = expect(reading).rejects.toMatchObject({ code: 'WAY_LOST' });
    await cluster.slurm.daemons.dropSshConnections();
    await failed;
    const again = await until(
      'the next request',
      async () =>
        open[0]?.pool.request({ path: '/', method: 'POST', body: 'x' }).catch(() => null) ?? null,
    );
    expect(await again.body.text()).toBe('x');
  });

  test('20 s of silence cut no stream, and nobody waits for their end', async () => {
    const pool = poolBy('ssh');
    const post = async () => {
      const answer = await pool.request({ path: '/', method: 'POST', body: 'x' });
      return await answer.body.text();
    };
    const { body } = await pool.request({ path: '/stream', method: 'GET' });
    let heard = 0;
    body.on('data', (chunk: Buffer) => {
      heard += chunk.length;
    });
    const broken = new Promise((resolve) => body.once('error', resolve));
    await post();
    const sessions = sessionsOf(cluster.slurm.daemons.pid('sshd') ?? 0);
    expect(sessions).not.toEqual([]);
    for (const pid of sessions) process.kill(pid, 'SIGSTOP');
    const since = performance.now();
    try {
      // What is on its way is lost in time to be asked again, what is new takes another connection.
      const lost = await post().catch((error: Error & { code?: string }) => error.code);
      expect(['x', 'WAY_LOST']).toContain(lost);
      expect(await post()).toBe('x');
      expect(performance.now() - since).toBeLessThan(20_000);
    } finally {
      await pause(Math.max(0, 22_000 - (performance.now() - since)));
      for (const pid of sessions) process.kill(pid, 'SIGCONT');
    }
    const before = heard;
    await Promise.race([
      until('the stream to go on', async () => (heard > before ? true : null), 10_000),
      broken.then((error) => {
        throw error;
      }),
    ]);
    body.destroy();
    await until(
      'one connection',
      async () =>
        sessionsOf(cluster.slurm.daemons.pid('sshd') ?? 0).length <= sessions.length ? true : null,
      10_000,
    );
  }, 60_000);

  test('nobody there is an error at once', async () => {
    const { transport } = {
      transport: createClusterTransports([cluster.config()]).get('slurm-test'),
    };
    await expect(
      transport?.connect({ host: '127.0.0.1', port: 1 }, AbortSignal.timeout(5000)),
    ).rejects.toMatchObject({ kind: 'unreachable' });
    await transport?.close();
  });
});
