import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  completion,
  done,
  json,
  type ScriptedEngine,
  startEngine,
  streaming,
} from '../test/engine.ts';
import { chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

let proxy: Harness;
let engine: ScriptedEngine;

const ready = () =>
  proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
const held = () => proxy.metric('wakefield_held_requests');
const heldCount = (count: number) => until(`${count} held`, async () => (await held()) === count);
const codeOf = async (answer: Response) =>
  ((await answer.json()) as { error: { code: string } }).error.code;

beforeEach(async () => {
  engine = await startEngine();
  proxy = await startHarness();
  proxy.route('a/b', {});
  await until(
    'known',
    async () => (await chat(proxy.url, {}, { headers: { prefer: 'wait=0' } })).status === 503,
  );
  proxy.forgetWakes();
});

afterEach(async () => {
  await proxy.stop();
  await engine.close();
});

describe('a request for a sleeping model', () => {
  it('waits, and one wake is sent however many ask', async () => {
    await proxy.stop();
    proxy = await startHarness({ wake: { resendMs: [60_000], afterFailureMs: 60_000 } });
    proxy.route('a/b', {});
    const answers = Array.from({ length: 12 }, () => chat(proxy.url));
    await heldCount(12);
    expect(proxy.wakes).toEqual(['demo/a/b']);
    const demand = () => [...(proxy.demand()?.models.values() ?? [])][0];
    await until('told', () => demand()?.held === 12 && demand()?.running === 0);
    ready();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(engine.seen).toHaveLength(12);
    expect(await held()).toBe(0);
  });

  it('goes on with the route itself, without a sweep or a tick', async () => {
    await proxy.stop();
    const never = 3_600_000;
    proxy = await startHarness({ tickMs: never, sweepMs: never });
    proxy.route('a/b', {});
    const answer = chat(proxy.url);
    await heldCount(1);
    ready();
    expect((await answer).status).toBe(200);
  });

  it('keeps a stream company until its first token', async () => {
    engine.answer(streaming(['Hello']));
    const answer = await chat(proxy.url, { stream: true });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await held()).toBe(1);
    proxy.route('a/b', { state: 'loading', idle: false });
    await new Promise((resolve) => setTimeout(resolve, 250));
    ready();
    const text = await answer.text();
    expect(text).toMatch(
      /^: wakefield state=not_loaded elapsed=0s\n\n(: wakefield state=loading elapsed=\d+s\n\n)+data: \{"id"/,
    );
    expect(text.endsWith(done)).toBe(true);
  });

  it('is told when its model is expected, streamed or not', async () => {
    const to = Date.now() + 600_000;
    const expectedReady = { from: to - 480_000, to };
    proxy.route('a/b', { state: 'queued', idle: false, expectedReady });
    const stream = await chat(proxy.url, { stream: true });
    await until('known', async () => {
      const plain = await chat(proxy.url, {}, { headers: { prefer: 'wait=0' } });
      expect(await plain.text()).toContain('expected in 2 min to 10 min.');
      const again = Number(plain.headers.get('retry-after'));
      return again > 590 && again <= 600;
    });
    ready();
    expect(await stream.text()).toMatch(
      /^: wakefield state=queued elapsed=\d+s \(expected in 2 min to 10 min\)$/m,
    );
  });

  it('is told of an error of its engine as an event once its stream is open', async () => {
    engine.answer((response) =>
      json(response, 400, { object: 'error', message: 'too long', code: 400 }),
    );
    const answer = await chat(proxy.url, { stream: true });
    ready();
    expect(await answer.text()).toContain(
      'data: {"error":{"object":"error","message":"too long","code":400}}\n\n',
    );
  });

  it.each([
    ['wait=0', 0],
    ['respond-async, wait=1', 1000],
  ])('with Prefer: %s is answered after %i ms', async (prefer, atLeast) => {
    const longest = 3_600_000;
    await proxy.stop();
    proxy = await startHarness({}, { holdMs: longest });
    proxy.route('a/b', {});
    const answer = await chat(proxy.url, {}, { headers: { prefer } });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await codeOf(answer)).toBe('model_loading');
    const line = proxy.log.find((one) => one.includes('"msg":"inference request"')) ?? '{}';
    const { heldMs } = JSON.parse(line) as { heldMs?: number };
    // Not at all, or by the first tick after its time.
    if (atLeast === 0) expect(heldMs).toBe(0);
    expect(heldMs).toBeGreaterThanOrEqual(atLeast);
    expect(heldMs).toBeLessThan(longest);
  });

  it('still wakes it when it does not wait', async () => {
    await proxy.stop();
    proxy = await startHarness();
    proxy.route('a/b', {});
    await until(
      'asked',
      async () => (await chat(proxy.url, {}, { headers: { prefer: 'wait=0' } })).status === 503,
    );
    expect(proxy.wakes).toEqual(['demo/a/b']);
  });

  it('is given up after the hold time, streams with an event', async () => {
    await proxy.stop();
    proxy = await startHarness({}, { holdMs: 400 });
    proxy.route('a/b', {});
    const [plain, stream] = await Promise.all([chat(proxy.url), chat(proxy.url, { stream: true })]);
    expect(plain.status).toBe(503);
    expect(await codeOf(plain)).toBe('model_loading');
    const text = await stream.text();
    expect(text).toMatch(/data: \{"error":\{"message":.*"code":"model_loading".*\}\}\n\n$/);
  });

  it('wakes it again while the route says asleep, and when the first wake was not accepted', async () => {
    await proxy.stop();
    proxy = await startHarness({}, { holdMs: 4000 });
    proxy.route('a/b', {});
    await until(
      'known',
      async () => (await chat(proxy.url, {}, { headers: { prefer: 'wait=0' } })).status === 503,
    );
    proxy.breakStores(true);
    proxy.forgetWakes();
    const answer = chat(proxy.url);
    await until('asked again', () => proxy.wakes.length >= 4);
    proxy.breakStores(false);
    ready();
    expect((await answer).status).toBe(200);
  });

  it('leaves no trace when its client goes', async () => {
    const controller = new AbortController();
    const answer = chat(proxy.url, {}, { signal: controller.signal }).catch(() => 'gone');
    await heldCount(1);
    controller.abort();
    expect(await answer).toBe('gone');
    await heldCount(0);
    expect(await proxy.metric('wakefield_http_requests_total{code="499"')).toBe(1);
    ready();
    await until('served', async () => (await chat(proxy.url)).status === 200);
    expect(engine.seen).toHaveLength(1);
  });

  it('has time to wait again after an engine that took long and brought nothing', async () => {
    await proxy.stop();
    proxy = await startHarness({}, { holdMs: 1500 });
    proxy.route('a/b', {});
    const giveUp = Promise.withResolvers<void>();
    const aborted = completion('abort', '');
    engine.answer((response) => void giveUp.promise.then(() => json(response, 200, aborted)));
    const answer = chat(proxy.url);
    await heldCount(1);
    ready();
    await until('asked', () => engine.seen.length === 1);
    // Longer than it may wait: the time at an engine is none of that.
    await new Promise((resolve) => setTimeout(resolve, 1600));
    proxy.route('a/b', { state: 'loading', idle: false, endpoints: [] });
    giveUp.resolve();
    await heldCount(1);
    engine.answer((response) => json(response, 200, {}));
    ready();
    expect((await answer).status).toBe(200);
  });

  it('is told when its model is unregistered meanwhile', async () => {
    const answer = chat(proxy.url);
    await heldCount(1);
    proxy.unroute('a/b');
    expect((await answer).status).toBe(404);
  });
});

describe('a failed model', () => {
  const failed = { state: 'failed', idle: false, reason: 'out of memory' } as const;

  it('answers with its reason and is not woken', async () => {
    proxy.route('a/b', failed);
    const answer = await chat(proxy.url);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(await answer.json()).toMatchObject({
      error: { code: 'model_failed', message: expect.stringContaining('out of memory') },
    });
    expect(proxy.wakes).toEqual([]);
  });

  it('sends those who wait away', async () => {
    const answers = [chat(proxy.url), chat(proxy.url, { stream: true })];
    await until('early', async () => (await held()) === 2);
    await (await answers[1])?.body?.getReader().read();
    proxy.route('a/b', failed);
    expect((await answers[0])?.status).toBe(503);
    await heldCount(0);
  });
});

describe('room for waiting', () => {
  it('is bounded per model and for the process', async () => {
    await proxy.stop();
    proxy = await startHarness({ held: { perModel: 2, perProcess: 3 } });
    proxy.route('a/b', {});
    proxy.route('c/d', {});
    const waiting = [chat(proxy.url), chat(proxy.url)];
    await heldCount(2);
    const third = await chat(proxy.url);
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).not.toBeNull();
    expect(await codeOf(third)).toBe('overloaded');
    const other = chat(proxy.url, { model: 'c/d' });
    await heldCount(3);
    expect(await codeOf(await chat(proxy.url, { model: 'c/d' }))).toBe('overloaded');
    ready();
    proxy.route('c/d', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
    for (const answer of await Promise.all([...waiting, other])) expect(answer.status).toBe(200);
  });
});
