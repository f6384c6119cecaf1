import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Principal } from '@wakefield/domain';
import { countAnswers, readAnswer } from '../../../test/answers.ts';
import { defaultSettings, endpoint, key, startHarness, until } from '../../../test/harness.ts';
import { type RawClient, rawRequest, useRawClients } from '../../../test/raw.ts';
import { useScene } from '../../../test/scene.ts';

const scene = useScene();
const plain = '{"model":"a/b"}';
const line = 'POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\n';
const openAt = useRawClients();
const open = () => openAt(scene.proxy.port);
const yielded = () => scene.proxy.metric('wakefield_front_yields_total');
const answered = (client: RawClient, count: number) =>
  until(`${count} answers`, () => countAnswers(client.text()) === count);

describe('a body', () => {
  it('that nobody reads is dropped, and the connection is as good as before', async () => {
    const client = await open();
    const large = 'x'.repeat(500_000);
    client.send(`POST /p/demo/openai/v1/completions HTTP/1.1\r\nhost: x\r\n`);
    client.send(`content-length: ${large.length}\r\n\r\n${large.slice(1000)}`);
    await until('refused', () => client.text().includes('HTTP/1.1 401 '));
    client.send(large.slice(0, 1000) + rawRequest(plain));
    await answered(client, 2);
    client.send(rawRequest(plain));
    await answered(client, 3);
    expect(await yielded()).toBe(0);
  });

  it('that nobody reads, and that does not end, has its time', async () => {
    const door = { ...defaultSettings.door, headersTimeoutMs: 100, requestTimeoutMs: 200 };
    await scene.restart({ door });
    const client = await open();
    client.send(
      'POST /p/demo/openai/v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n',
    );
    const dripping = setInterval(() => client.send(' '), 20);
    const text = await client.closed();
    clearInterval(dripping);
    expect(text).toMatch(/^HTTP\/1\.1 401 [\s\S]*HTTP\/1\.1 408 /);
  });

  it('waits in the client until it is known who sends it', async () => {
    const known = Promise.withResolvers<Principal | null>();
    const limits = { body: { maxBytes: 8_000_000, timeoutMs: 2000 } };
    const proxy = await startHarness({}, limits, undefined, {
      identifier: { identify: () => known.promise },
    });
    proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(scene.engine.port)] });
    await proxy.caughtUp();
    const client = await openAt(proxy.port);
    const body = JSON.stringify({ model: 'a/b', text: 'x'.repeat(7_000_000) });
    client.send(rawRequest(body));
    let waiting = 0;
    await until('no more is read', async () => {
      const before = waiting;
      for (let turn = 0; turn < 3; turn += 1) await fetch(`${proxy.url}/health`);
      waiting = client.socket.writableLength;
      return waiting > 0 && waiting === before;
    });
    known.resolve({ kind: 'static', id: key, grants: [{ project: '*', role: 'admin' }] });
    await answered(client, 1);
    expect(scene.engine.seen[0]?.body).toBe(body);
    await proxy.stop();
  });
});

describe('a connection on which nothing comes', () => {
  const door = { ...defaultSettings.door, headersTimeoutMs: 200, keepAliveTimeoutMs: 100 };
  it.each(['', `${line}host: `])('is told so before its first request: %j', async (text) => {
    await scene.restart({ door });
    const client = await open();
    client.send(text);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /);
    expect(await yielded()).toBe(0);
  });

  it('is told so in the middle of another request, however slowly that comes', async () => {
    await scene.restart({ door: { ...door, keepAliveTimeoutMs: 5000 } });
    const client = await open();
    client.send(rawRequest(plain));
    await answered(client, 1);
    client.send(`${line}host: `);
    const dripping = setInterval(() => client.send('x'), 20);
    const text = await client.closed();
    clearInterval(dripping);
    expect(readAnswer(text)?.rest).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('ends without a word between two requests', async () => {
    await scene.restart({ door });
    const client = await open();
    client.send(rawRequest(plain));
    expect(readAnswer(await client.closed())).toMatchObject({ status: 200, rest: '' });
  });
});

describe('a proxy that stood still', () => {
  it('reads what came meanwhile before it says that it came late', async () => {
    const script = fileURLToPath(new URL('../../../test/idle-child.ts', import.meta.url));
    const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...flags, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [port] = await once(child.stdout, 'data');
      const client = await openAt(Number(port));
      client.send('GET /hea');
      await until('sent', () => client.socket.writableLength === 0);
      await fetch(`http://127.0.0.1:${Number(port)}/health`);
      const since = performance.now();
      child.kill('SIGSTOP');
      client.send('lth HTTP/1.1\r\nhost: x\r\n\r\n');
      await until('its time to be over', () => performance.now() - since > 1000);
      child.kill('SIGCONT');
      await answered(client, 1);
      expect(client.text()).toMatch(/^HTTP\/1\.1 200 /);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
