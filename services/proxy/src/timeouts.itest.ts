import { describe, expect, it } from '@jest/globals';
import type { Transport } from '@wakefield/control';
import { noTimeouts, type RequestTimeouts } from '@wakefield/domain';
import { chunk, done, ok, role, type Script, sseHeaders, startEngine } from '../test/engine.ts';
import { chat, endpoint, startHarness, until } from '../test/harness.ts';
import { useScene } from '../test/scene.ts';

const scene = useScene();
const silent: Script = () => undefined;
/** Says so much of a stream, and stands still. */
const begins =
  (...pieces: readonly string[]): Script =>
  (response) => {
    response.writeHead(200, sseHeaders);
    response.flushHeaders();
    for (const piece of pieces) response.write(piece);
  };
const registered = async (timeouts: Partial<RequestTimeouts>) => {
  scene.proxy.route('a/b', { timeouts: { ...noTimeouts, ...timeouts } });
  await scene.proxy.caughtUp();
};
const counted = (limit: string) =>
  scene.proxy.metric(`wakefield_request_timeouts_total{limit="${limit}"`);
const isToldToStop = () => until('told to stop', () => scene.engine.seen[0]?.aborted === true);
const inFlight = () => scene.proxy.metric('wakefield_requests_in_flight');
const asks = (timeout: string) => ({ headers: { 'x-request-timeout': timeout } });
const lastEvent = (text: string): unknown => {
  const [event = ''] = text.split('\n\n').slice(-2);
  return JSON.parse(event.replace(/^data: /, ''));
};

async function expectRefusal(answer: Response, code: string, message: RegExp): Promise<void> {
  expect(answer.status).toBe(504);
  expect(await answer.json()).toMatchObject({
    error: { code, type: 'server_error', message: expect.stringMatching(message) },
  });
}

describe('an engine that sends nothing', () => {
  it.each<[string, Script]>([
    ['at all', silent],
    ['but the head of its stream', begins()],
  ])('%s, is told to stop, and its caller which limit it was', async (_, script) => {
    const other = await startEngine();
    scene.engine.answer(script);
    const endpoints = [scene.engine, other].map(({ port }) => endpoint(port));
    scene.proxy.route('a/b', { endpoints });
    await registered({ firstByteSeconds: 1 });
    const answer = await chat(scene.proxy.url, { stream: true });
    await expectRefusal(answer, 'first_byte_timeout', /sent nothing of an answer within 1 s/);
    // Another engine would take as long, and an SDK would have two more work at it.
    expect(other.seen).toHaveLength(0);
    expect(answer.headers.get('x-should-retry')).toBe('false');
    await isToldToStop();
    expect(await counted('first_byte')).toBe(1);
    expect(await inFlight()).toBe(0);
    await other.close();
  });

  it('is waited for as the proxy is configured where the registration says nothing', async () => {
    const never = Number.POSITIVE_INFINITY;
    const times = { connectMs: 2000, firstByteMs: 100, betweenBytesMs: never, totalMs: never };
    await scene.restart({}, { times });
    scene.engine.answer(silent);
    await expectRefusal(await chat(scene.proxy.url), 'first_byte_timeout', /within 0.1 s/);
    await registered({ firstByteSeconds: 0 });
    scene.engine.answer((response, seen) => void setTimeout(() => void ok(response, seen), 500));
    expect((await chat(scene.proxy.url)).status).toBe(200);
  });
});

describe('an answer that stands still', () => {
  it('ends with an error event where a stream has begun', async () => {
    scene.engine.answer(begins(role, chunk({ content: 'one' })));
    await registered({ betweenBytesSeconds: 1 });
    const text = await (await chat(scene.proxy.url, { stream: true })).text();
    expect(text.startsWith(role + chunk({ content: 'one' }))).toBe(true);
    expect(lastEvent(text)).toMatchObject({
      error: { code: 'between_bytes_timeout', message: expect.stringContaining('still for 1 s') },
    });
    await isToldToStop();
    expect(await counted('between_bytes')).toBe(1);
  });

  it('is cut off in the middle of an event', async () => {
    scene.engine.answer(begins(role, chunk({ content: 'one' }), 'data: {"id":'));
    await registered({ betweenBytesSeconds: 1 });
    // Where usage is not to be taken out, half an event goes on as it comes.
    const stream_options = { include_usage: true };
    const answer = await chat(scene.proxy.url, { stream: true, stream_options });
    await expect(answer.text()).rejects.toThrow();
    expect(await counted('between_bytes')).toBe(1);
  });

  it('is 504 where its caller has seen nothing of it', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      response.write('{"id":');
    });
    await registered({ betweenBytesSeconds: 1 });
    await expectRefusal(await chat(scene.proxy.url), 'between_bytes_timeout', /stood still/);
  });
});

describe('a request that takes too long in all', () => {
  const slowly: Script = async (response) => {
    response.writeHead(200, sseHeaders);
    response.write(role);
    while (!response.destroyed) {
      response.write(chunk({ content: 'x' }));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('is told so, whatever its engine is at', async () => {
    await registered({ totalSeconds: 1 });
    scene.engine.answer(slowly);
    const text = await (await chat(scene.proxy.url, { stream: true })).text();
    expect(lastEvent(text)).toMatchObject({ error: { code: 'total_timeout' } });
    await isToldToStop();
    scene.engine.answer(silent);
    const words = /longer than the 1 s that it may take in all/;
    await expectRefusal(await chat(scene.proxy.url), 'total_timeout', words);
    expect(await counted('total')).toBe(2);
    expect(await inFlight()).toBe(0);
  });

  it('may be told to take less by its caller, and not more', async () => {
    scene.engine.answer(silent);
    const short = await chat(scene.proxy.url, {}, asks('0.1'));
    await expectRefusal(short, 'total_timeout', /longer than the 0.1 s/);
    expect(short.headers.get('x-should-retry')).toBe('false');
    await registered({ totalSeconds: 1 });
    const long = await chat(scene.proxy.url, {}, asks('60'));
    await expectRefusal(long, 'total_timeout', /longer than the 1 s/);
    scene.engine.answer(ok);
    expect((await chat(scene.proxy.url, {}, asks('60'))).status).toBe(200);
  });

  it('has waited for its model in that time', async () => {
    const started = performance.now();
    const plain = await chat(scene.proxy.url, { model: 'c/d' }, asks('0.4'));
    await expectRefusal(plain, 'total_timeout', /0.4 s/);
    expect(performance.now() - started).toBeGreaterThanOrEqual(400);
    const streamed = await chat(scene.proxy.url, { model: 'c/d', stream: true }, asks('0.5'));
    expect(streamed.status).toBe(200);
    const text = await streamed.text();
    expect(text).toMatch(/^: wakefield state=not_loaded/);
    expect(lastEvent(text)).toMatchObject({ error: { code: 'total_timeout' } });
    expect(await scene.proxy.metric('wakefield_held_requests')).toBe(0);
  });

  it.each(['0', '0.0', '-1', 'soon', '5s', '1e3', '', '1, 2', '1.0001', '99999999999'])(
    'is refused when its caller says %j',
    async (timeout) => {
      const answer = await chat(scene.proxy.url, {}, asks(timeout));
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        error: {
          code: 'invalid_request',
          param: 'x-request-timeout',
          message: expect.stringContaining('X-Request-Timeout has to be a number of seconds'),
        },
      });
      expect(scene.engine.seen).toHaveLength(0);
    },
  );
});

describe('an engine that cannot be connected to', () => {
  /** Leads nowhere, where it leads to the first of both. */
  const nowhere: Transport = {
    kind: 'ssh',
    connect: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    close: async () => undefined,
  };
  const far = { ...endpoint(1, 'job-1'), cluster: 'far' };
  const route = { state: 'ready', idle: false } as const;

  it('is another one after its time, and nobody is told', async () => {
    const proxy = await startHarness({}, {}, (cluster) => (cluster === 'far' ? nowhere : null));
    const near = endpoint(scene.engine.port, 'job-2');
    const timeouts = { ...noTimeouts, connectSeconds: 1 };
    proxy.route('a/b', { ...route, timeouts, endpoints: [far, near] });
    await proxy.caughtUp();
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      response.end(role + chunk({ content: 'x' }) + done);
    });
    const answer = await chat(proxy.url, { stream: true });
    expect(answer.status).toBe(200);
    expect(await proxy.metric('wakefield_upstream_retries_total{reason="refused"')).toBe(1);
    expect(await proxy.metric('wakefield_request_timeouts_total{limit="connect"')).toBe(1);
    await proxy.stop();
  });

  it('is what its caller is told where there is no other', async () => {
    const proxy = await startHarness({}, { holdMs: 500 }, () => nowhere);
    const timeouts = { ...noTimeouts, connectSeconds: 1 };
    proxy.route('a/b', { ...route, timeouts, endpoints: [far] });
    await proxy.caughtUp();
    const answer = await chat(proxy.url);
    await expectRefusal(answer, 'connect_timeout', /could be connected to within 1 s/);
    // No engine has seen it: it may be sent again.
    expect(answer.headers.get('x-should-retry')).toBeNull();
    await proxy.stop();
  });
});
