import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { createClusterTransports } from '@wakefield/cluster';
import type { Transport } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { WebSocket } from 'ws';
import {
  chunk,
  completion,
  done,
  role,
  type ScriptedEngine,
  sseHeaders,
  startEngine,
  streaming,
} from '../test/engine.ts';
import { auth, chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';
import { pathTo, serviceRoute, startServer } from '../test/service.ts';
import { openSession } from '../test/session.ts';
import { startWsEngine } from '../test/ws-engine.ts';

jest.setTimeout(60_000);

let cluster: TestSlurm;
let transport: Transport;
let proxy: Harness;
let engine: ScriptedEngine;

const retries = (reason: string) =>
  proxy.metric(`wakefield_upstream_retries_total{reason="${reason}"`);

beforeAll(async () => {
  cluster = await startTestSlurm({ nodes: [{ name: 'cn01', gres: '', features: '' }] });
});
afterAll(async () => {
  expect(await cluster.stop()).toEqual([]);
});

beforeEach(async () => {
  engine = await startEngine();
  const found = createClusterTransports([cluster.config({ transport: { kind: 'ssh' } })]);
  transport = present(found.get('slurm-test'));
  const body = { maxBytes: 16 << 20, timeoutMs: 10_000 };
  proxy = await startHarness({}, { body }, () => transport);
  proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(engine.port, 'job-1')] });
  await proxy.caughtUp();
});

afterEach(async () => {
  await proxy.stop();
  await transport.close();
  await engine.close();
});

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('no such cluster');
  return value;
}

describe('an engine that is reached over ssh', () => {
  it('answers one request after the other on one connection, and many at once', async () => {
    for (let count = 0; count < 5; count += 1) {
      const answer = await chat(proxy.url);
      expect(await answer.json()).toEqual(completion('stop', 'Hello.'));
    }
    expect(engine.connections()).toBe(1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat(proxy.url)));
    for (const { status } of answers) expect(status).toBe(200);
  });

  it('gets long prompts whole, and streams come word by word', async () => {
    const content = 'ä'.repeat(2 << 20);
    await (await chat(proxy.url, { messages: [{ role: 'user', content }] })).text();
    expect(engine.seen[0]?.body).toContain(content);
    const words = Array.from({ length: 500 }, (_, index) => `word ${index} `);
    engine.answer(streaming(words));
    const text = await (await chat(proxy.url, { stream: true })).text();
    expect(text).toBe(
      [role, ...words.map((content) => chunk({ content })), chunk({}, 'stop'), done].join(''),
    );
  });

  it('waits while its client takes nothing, and hears at once that it is gone', async () => {
    const piece = chunk({ content: 'x'.repeat(65_536) });
    let written = 0;
    engine.answer(async (response, seen) => {
      response.writeHead(200, sseHeaders);
      let goOn = (): void => undefined;
      response.on('drain', () => goOn()).on('close', () => goOn());
      while (!seen.aborted) {
        written += 1;
        if (response.write(piece)) continue;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      }
    });
    const answer = await chat(proxy.url, { stream: true });
    await until('full', async () => {
      const before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return written === before;
    });
    expect(engine.seen[0]?.aborted).toBe(false);
    await answer.body?.cancel();
    await until('told', () => engine.seen[0]?.aborted === true);
  });

  it('has sessions, whose slow readers are waited for on both sides', async () => {
    const speech = await startWsEngine();
    proxy.route('a/speech', { state: 'ready', idle: false, endpoints: [endpoint(speech.port)] });
    await proxy.caughtUp();
    const { client } = await openSession(`${proxy.url}/p/demo/openai/v1/realtime?model=a/speech`);
    const side = present(speech.sessions[0]);
    const message = Buffer.alloc(1 << 20, 'x');
    for (const [from, to] of [
      [client, side],
      [side, client],
    ] as const) {
      let heard = 0;
      to.on('message', (data) => {
        heard += (data as Buffer).length;
      });
      to.pause();
      for (let count = 0; count < 64; count += 1) from.send(message);
      let waiting = -1;
      await until('held up', async () => {
        const before = waiting;
        waiting = from.bufferedAmount;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return waiting === before;
      });
      expect(waiting).toBeGreaterThan(16 * message.length);
      to.resume();
      await until('all of it', () => heard === 64 * message.length, 30_000);
    }
    client.terminate();
    await until('ended', () => side.readyState === WebSocket.CLOSED);
    await speech.close();
  });

  it('may be that of a service, for large bodies and for sessions', async () => {
    const speech = await startWsEngine();
    const echo = await startServer((request, response) => void request.pipe(response));
    const files = serviceRoute(echo.port);
    const notebook = serviceRoute(speech.port);
    proxy.serve(files, notebook);
    await proxy.caughtUp();
    const body = randomBytes(8 << 20);
    const answer = await fetch(`${proxy.url}${pathTo(files)}`, {
      ...{ method: 'PUT', headers: auth, body },
    });
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    const { client } = await openSession(`${proxy.url}${pathTo(notebook)}`);
    const side = present(speech.sessions[0]);
    side.on('message', (data) => side.send(data));
    const heard = once(client, 'message');
    client.send(body);
    expect(body.equals((await heard)[0] as Buffer)).toBe(true);
    client.terminate();
    await until('ended', () => side.readyState === WebSocket.CLOSED);
    await echo.close();
    const gone = await fetch(`${proxy.url}${pathTo(files)}`, { headers: auth });
    expect(gone.status).toBe(502);
    await speech.close();
  });

  it('is not to blame for a way that is lost', async () => {
    const begun = Promise.withResolvers<void>();
    engine.answer(() => begun.resolve());
    const answer = chat(proxy.url);
    await begun.promise;
    engine.answer(streaming(['again']));
    await cluster.slurm.daemons.dropSshConnections();
    expect((await answer).status).toBe(200);
    expect(await retries('cut_off')).toBe(1);
    expect(await retries('lost')).toBe(0);
  });

  it('is not there where nobody listens', async () => {
    await engine.close();
    const answer = chat(proxy.url, {}, { headers: { prefer: 'wait=1' } });
    expect((await answer).status).toBe(502);
    expect(await retries('refused')).toBeGreaterThan(0);
  });
});
