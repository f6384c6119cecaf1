import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Endpoint } from '@wakefield/domain';
import { freePorts } from '@wakefield/local-stack';
import {
  chunk,
  completion,
  done,
  json,
  role,
  type Script,
  type ScriptedEngine,
  sseHeaders,
  startEngine,
  streaming,
} from '../test/engine.ts';
import { chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

let proxy: Harness;
let first: ScriptedEngine;
let second: ScriptedEngine;

/** The first endpoint is asked first: the second carries a request that never ends. */
const routeTo = async (...endpoints: Endpoint[]) => {
  proxy.route('a/b', { state: 'ready', idle: false, endpoints });
  await proxy.caughtUp();
};
const both = () => routeTo(endpoint(first.port, 'job-1'), endpoint(second.port, 'job-2'));
const retries = (reason: string) =>
  proxy.metric(`wakefield_upstream_retries_total{reason="${reason}"`);

/** How a request fares where four engines answer so, and how often one of them has seen it. */
const refusedByFour = async (script: Script) => {
  const third = await startEngine(script);
  first.answer(script);
  second.answer(script);
  await routeTo(...[first, second, third, third].map(({ port }) => endpoint(port)));
  const answer = await chat(proxy.url);
  await third.close();
  return { answer, seen: first.seen.length + second.seen.length + third.seen.length };
};
const hangUp = (response: Parameters<Script>[0]): void => {
  response.socket?.destroy();
};
const dying = `data: {"error":{"message":"EngineCore encountered an issue. See stack trace (above) for the root cause.","type":"InternalServerError","param":null,"code":500}}\n\n`;
const slowly = async (response: Parameters<Script>[0], pieces: readonly string[]) => {
  response.writeHead(200, sseHeaders);
  for (const piece of pieces) {
    response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
};

beforeEach(async () => {
  [first, second] = await Promise.all([startEngine(), startEngine()]);
  proxy = await startHarness();
});

afterEach(async () => {
  await proxy.stop();
  await Promise.all([first.close(), second.close()]);
});

describe('before the first byte', () => {
  it('goes elsewhere when nobody listens', async () => {
    const closed = await freePorts(1);
    await routeTo(endpoint(closed, 'job-0'), endpoint(second.port, 'job-2'));
    expect((await chat(proxy.url)).status).toBe(200);
    expect(await retries('refused')).toBe(1);
    // The suspect is left alone for a while.
    const answers = await Promise.all(Array.from({ length: 5 }, () => chat(proxy.url)));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(await retries('refused')).toBe(1);
  });

  it('waits for the only endpoint to come back', async () => {
    const port = await freePorts(1);
    await routeTo(endpoint(port, 'job-0'));
    const answer = chat(proxy.url);
    await until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
    const late = createServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    }).listen(port, '127.0.0.1');
    expect((await answer).status).toBe(200);
    late.close();
    await once(late, 'close');
    expect(proxy.wakes).toEqual([]);
  });

  it.each<[string, Script, string]>([
    ['dies', hangUp, 'lost'],
    ['gives up with 503', (response) => json(response, 503, {}), 'ended'],
    [
      'does not know our key',
      (response) => json(response, 401, { error: 'Unauthorized' }),
      'foreign',
    ],
    ['aborts', (response) => json(response, 200, completion('abort', '')), 'ended'],
    [
      'has lost its core',
      (response) => json(response, 500, { error: { message: 'EngineCore encountered an issue.' } }),
      'died',
    ],
    ['aborts a stream at once', streaming([], 'abort'), 'ended'],
    ['has a stream without a core', (response) => void slowly(response, [dying, done]), 'died'],
    [
      'dies behind its headers',
      (response) => {
        response.writeHead(200, sseHeaders);
        response.flushHeaders();
        setTimeout(() => response.socket?.destroy(), 20);
      },
      'broken',
    ],
  ])('goes elsewhere when the engine %s', async (_, script, reason) => {
    first.answer(script);
    await both();
    const body = JSON.stringify({ model: 'a/b', messages: [{ role: 'user', content: 'ü' }] });
    const answers = await Promise.all([chat(proxy.url, body), chat(proxy.url, body)]);
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual(completion('stop', 'Hello.'));
    }
    expect(await retries(reason)).toBeGreaterThanOrEqual(1);
    for (const { body: seen } of [...first.seen, ...second.seen]) expect(seen).toBe(body);
  });

  it('notices a connection that the engine was closing', async () => {
    await routeTo(endpoint(first.port, 'job-1'));
    await (await chat(proxy.url)).text();
    let answered = 0;
    first.answer((response) => {
      answered += 1;
      if (answered === 1) hangUp(response);
      else json(response, 200, {});
    });
    expect((await chat(proxy.url)).status).toBe(200);
    expect(answered).toBe(2);
  });

  it('lets the own 503 of the last engine through', async () => {
    first.answer((response) => json(response, 503, { error: { message: 'full' } }));
    await routeTo(endpoint(first.port, 'job-1'));
    const answer = await chat(proxy.url);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ error: { message: 'full' } });
  });

  // SDKs ask twice more by themselves, and each time it would take as many engines again.
  it.each<[string, Script, number]>([
    ['two engines that die over it', (response) => void setTimeout(hangUp, 220, response), 2],
    ['two engines that break off at once', hangUp, 2],
  ])('shows a request to no more than %s', async (_, script, most) => {
    const { answer, seen } = await refusedByFour(script);
    expect(answer.status).toBe(502);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(await answer.json()).toMatchObject({ error: { code: 'upstream_error' } });
    expect(seen).toBe(most);
  });

  it('waits for a new engine after three that gave the request up, and says so in the end', async () => {
    await proxy.stop();
    proxy = await startHarness({}, { holdMs: 1500 });
    const { answer, seen } = await refusedByFour((response) =>
      json(response, 200, completion('abort', '')),
    );
    expect(answer.status).toBe(502);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.headers.get('x-should-retry')).toBeNull();
    expect(seen).toBe(3);
  });

  it('goes on where a new engine is, after three that gave the request up', async () => {
    first.answer((response) => json(response, 200, completion('abort', '')));
    const third = endpoint(first.port, 'job-3');
    await routeTo(endpoint(first.port, 'job-0'), endpoint(first.port, 'job-1'), third);
    const answer = chat(proxy.url);
    await until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
    expect(first.seen).toHaveLength(3);
    // Requeued: it kept its id.
    await routeTo({ ...third, address: { ...third.address, port: second.port } });
    expect((await answer).status).toBe(200);
    expect(first.seen).toHaveLength(3);
  });

  it('waits for the next engine when the only one dies over it', async () => {
    first.answer((response) => void first.close().then(() => response.socket?.destroy()));
    await routeTo(endpoint(first.port, 'job-1'));
    const answer = chat(proxy.url);
    await until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
    proxy.route('a/b', { state: 'queued', idle: false, endpoints: [] });
    const late = chat(proxy.url);
    await until('both held', async () => (await proxy.metric('wakefield_held_requests')) === 2);
    await routeTo(endpoint(second.port, 'job-2'));
    expect((await answer).status).toBe(200);
    expect((await late).status).toBe(200);
    expect(proxy.wakes).toEqual([]);
  });

  it('asks a stranger on the port of an engine once only, until the engine is elsewhere', async () => {
    first.answer((response) => json(response, 401, { error: 'Unauthorized' }));
    await both();
    const answers = await Promise.all(Array.from({ length: 8 }, () => chat(proxy.url)));
    for (const { status } of answers) expect(status).toBe(200);
    const asked = first.seen.length;
    // A word about another model changes nothing.
    proxy.route('c/d', {});
    await routeTo(endpoint(first.port, 'job-1'));
    const answer = chat(proxy.url);
    await until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
    // Longer than anybody else is avoided for the first time.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(first.seen).toHaveLength(asked);
    const told = proxy.log.filter((line) => line.includes('an engine that is not ours'));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({ jobId: 'job-1', cluster: 'local' });
    await routeTo(endpoint(second.port, 'job-1'));
    expect((await answer).status).toBe(200);
  });

  it('takes another job of the model when the aborted one was the last', async () => {
    first.answer((response) => json(response, 200, completion('abort', '')));
    await routeTo(endpoint(first.port, 'job-1'));
    const answer = chat(proxy.url);
    await until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
    await routeTo(endpoint(second.port, 'job-2'));
    expect((await answer).status).toBe(200);
  });
});

describe('after the first byte', () => {
  const words = [role, chunk({ content: 'one' }), chunk({ content: 'two' })];
  const withUsage = { stream_options: { include_usage: true } };

  it.each<[string, readonly string[]]>([
    ['an abort', [...words, chunk({}, 'abort'), done]],
    [
      'an abort in one piece with the last word',
      [...words, chunk({ content: 'x' }) + chunk({}, 'abort') + done],
    ],
    ['a lost engine core', [...words, dying, done]],
  ])('tells %s for what it is', async (_, pieces) => {
    first.answer((response) => slowly(response, pieces).then(() => void response.end()));
    await both();
    const text = await (await chat(proxy.url, { stream: true })).text();
    expect(text.startsWith(words.join(''))).toBe(true);
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('"abort"');
    expect(text).toMatch(
      /data: \{"error":\{"message":"The engine's answer broke off.*"code":"upstream_error".*\}\}\n\n$/,
    );
    await until(
      'counted',
      async () => (await proxy.metric('wakefield_aborted_streams_total{by="engine"')) === 1,
    );
    expect(second.seen).toHaveLength(0);
  });

  it('ends a broken stream with an error event', async () => {
    first.answer((response) => slowly(response, words).then(() => void response.socket?.destroy()));
    await both();
    const text = await (await chat(proxy.url, { stream: true })).text();
    expect(text).toMatch(/data: \{"error":.*"upstream_error".*\}\n\n$/);
  });

  it('cuts off what broke in the middle of an event', async () => {
    first.answer((response) =>
      slowly(response, [...words, 'data: {"id":']).then(() => void response.socket?.destroy()),
    );
    await both();
    const answer = await chat(proxy.url, { stream: true, ...withUsage });
    await expect(answer.text()).rejects.toThrow();
    // Where whole events are waited for, half of one was not sent.
    const told = await (await chat(proxy.url, { stream: true })).text();
    expect(told.startsWith(words.join(''))).toBe(true);
    expect(told).toContain('"code":"upstream_error"');
    expect(told).not.toContain('data: {"id":data:');
  });

  it('lets the own error events of an engine through', async () => {
    const own = 'data: {"error":{"message":"bad grammar","code":400}}\n\n';
    first.answer((response) =>
      slowly(response, [...words, own, done]).then(() => void response.end()),
    );
    await both();
    const text = await (await chat(proxy.url, { stream: true })).text();
    expect(text).toBe([...words, own, done].join(''));
  });
});
