import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sseHeaders } from '../test/engine.ts';
import { chat, until } from '../test/harness.ts';
import { type RawClient, rawClient, rawRequest } from '../test/raw.ts';
import { useScene } from '../test/scene.ts';

const scene = useScene();

describe('a client that reads slowly', () => {
  const piece = `data: ${'x'.repeat(65_536)}\n\n`;
  const endless = (state: { written: number }) => (response: ServerResponse) => {
    response.writeHead(200, sseHeaders);
    const pump = (): void => {
      let free = true;
      while (free && !response.destroyed) {
        free = response.write(piece);
        state.written += piece.length;
      }
      response.once('drain', pump);
    };
    pump();
  };

  it('slows its engine down, and is cut off when it stops reading', async () => {
    const state = { written: 0 };
    scene.engine.answer(endless(state));
    const client = await rawClient(scene.proxy.port);
    client.socket.pause();
    client.send(rawRequest('{"model":"a/b","stream":true}'));
    await until('stalled', async () => {
      const before = state.written;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return state.written > 0 && state.written === before;
    });
    // Socket buffers on both sides, and not much in between.
    expect(state.written).toBeLessThan(16 * 1024 * 1024);
    await until('engine let go', () => scene.engine.seen[0]?.aborted === true);
    expect(await scene.proxy.metric('wakefield_requests_in_flight')).toBe(0);
    client.socket.destroy();
  });
});

describe('a connection that a client leaves idle', () => {
  const health = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n';
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const script = new URL('../test/idle-child.ts', import.meta.url);
  let proxy: ChildProcessByStdio<null, Readable, null>;
  let client: RawClient;

  beforeEach(async () => {
    proxy = spawn(process.execPath, [...flags, fileURLToPath(script)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: process.env,
    });
    const [line] = await once(proxy.stdout, 'data');
    client = await rawClient(Number(line));
    client.send(health);
    await until('the first answer', () => client.text().includes('"OK"'));
  });
  afterEach(() => void proxy.kill('SIGKILL'));

  it('ends after a while', async () => {
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('does not end under what was sent while the proxy stood still', async () => {
    const since = performance.now();
    proxy.kill('SIGSTOP');
    client.send(health);
    // Node adds a second to what it is told.
    await until('its time to be over', () => performance.now() - since > 2000);
    proxy.kill('SIGCONT');
    await until('both answers', () => client.text().match(/HTTP\/1\.1 200 /g)?.length === 2);
  });
});

describe('a client that goes away', () => {
  it.each([
    ['before headers, without a stream', false, false],
    ['before headers of a stream', true, false],
    ['in the middle of a stream', true, true],
  ])('takes its engine along: %s', async (_, stream, begun) => {
    scene.engine.answer((response) => {
      if (!begun) return;
      response.writeHead(200, sseHeaders);
      response.write('data: {}\n\n');
    });
    const controller = new AbortController();
    const answer = chat(scene.proxy.url, { stream }, { signal: controller.signal }).catch(
      () => null,
    );
    await until('asked', () => scene.engine.seen.length === 1);
    if (begun) await (await answer)?.body?.getReader().read();
    controller.abort();
    await until('engine let go', () => scene.engine.seen[0]?.aborted === true, 1000);
    expect(await scene.proxy.metric('wakefield_requests_in_flight')).toBe(0);
    const left = () => scene.proxy.metric('wakefield_http_requests_total{code="499"');
    await until('counted', async () => (await left()) === 1);
  });
});
