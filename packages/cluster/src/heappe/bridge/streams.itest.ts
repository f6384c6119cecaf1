import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type BridgeScene,
  openScene,
  question,
  streaming,
  until,
} from '../../../test/bridge-scene.ts';
import { problem } from '../../../test/heappe-double.ts';

let scene: BridgeScene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

describe.each(streaming)('HEAppE %s, which has streams', (version) => {
  beforeEach(() => {
    scene.heappe.version = version;
  });

  test('a tunnel that leads nowhere is closed and asked for again', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.stale.add(7);
    const answers = await Promise.all([scene.chat(), scene.chat(), scene.get('/health', {})]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    expect(scene.heappe.count('closeTunnel')).toBe(1);
  });

  test('a tunnel that another process has renewed meanwhile is not closed', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.stale.add(7);
    const release = scene.heappe.transfers.requestTunnel;
    scene.heappe.transfers.requestTunnel = async (...args) => {
      scene.heappe.stale.delete(7);
      return await release(...args);
    };
    expect((await scene.chat()).statusCode).toBe(200);
    expect(scene.heappe.count('closeTunnel')).toBe(0);
  });

  test('a tunnel of which nothing can be learned now is not closed', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.stale.add(7);
    const request = scene.heappe.transfers.requestTunnel;
    scene.heappe.transfers.requestTunnel = async (...args) => {
      // Another process has renewed it, and the question that follows is not answered.
      scene.heappe.stale.delete(7);
      const tunnel = await request(...args);
      scene.heappe.failures.push(problem('', 429, ''));
      return tunnel;
    };
    expect((await scene.chat()).statusCode).toBe(200);
    expect(scene.heappe.count('closeTunnel')).toBe(0);
  });

  test.each([true, false])('a dead engine is a broken connection (stream: %s)', async (stream) => {
    await scene.engine.close();
    await expect(scene.chat({ stream })).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(scene.get('/health', {})).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(scene.heappe.count('closeTunnel')).toBe(0);
  });

  test('an engine that dies in the middle is an error event', async () => {
    scene.heappe.script = [
      'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
      'data: {"choices":[{"index":0,"delta":{"codata: Error: The response ended prematurely.\n\n',
    ];
    const answer = await scene.chat({ stream: true });
    const events = (await answer.body.text()).trim().split('\n\n');
    expect(events).toHaveLength(2);
    expect(JSON.parse(events[1]?.slice('data: '.length) ?? '')).toMatchObject({
      error: { type: 'server_error', code: 'upstream_error' },
    });
  });

  test('an engine that dies in the middle of a plain answer is a broken connection', async () => {
    const begun = version < '6.2.2' ? 'data: {"choices":[{"delta":{}}]}\n\n' : '{"choices":[{';
    scene.heappe.script = [begun, 'data: Error: The response ended prematurely.\n\n'];
    await expect(scene.chat()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test.each([true, false])('a HEAppE that is lost is a lost way (stream: %s)', async (stream) => {
    scene.heappe.script = [new Error('ECONNRESET')];
    await expect(scene.chat({ stream })).rejects.toMatchObject({ code: 'WAY_LOST' });
    scene.heappe.script = ['data: {"choices":[]}\n\n', new Error('ECONNRESET')];
    const begun = scene.chat({ stream }).then(({ body }) => body.text());
    await expect(begun).rejects.toMatchObject({ code: 'WAY_LOST' });
  });

  test('who goes away ends the request at the engine', async () => {
    let running = 0;
    await scene.engineIs((_, response) => {
      running += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: {"choices":[]}\n\n'), 5);
      response.once('close', () => {
        clearInterval(timer);
        running -= 1;
      });
    });
    const { body } = await scene.chat({ stream: true });
    for await (const _ of body) break;
    const plain = new AbortController();
    const waiting = scene.post('/v1/chat/completions', question, { signal: plain.signal });
    waiting.catch(() => undefined);
    await until(() => running > 0);
    plain.abort();
    await until(() => running === 0);
    // What the client's leaving has ended says nothing of the tunnel.
    expect(scene.heappe.count('requestTunnel')).toBe(1);
  });

  test('an engine is not read faster than its client reads', async () => {
    let written = 0;
    await scene.engineIs((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const event = `data: {"x":"${'x'.repeat(16_000)}"}\n\n`;
      const fill = () => {
        while (!response.destroyed && response.write(event)) written += event.length;
      };
      response.on('drain', fill);
      fill();
    });
    const { body } = await scene.chat({ stream: true });
    await pause(300);
    const before = written;
    await pause(300);
    expect(written).toBe(before);
    expect(written).toBeLessThan(20 << 20);
    body.destroy();
  });
});
