import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defaultRouting, noTimeouts, type RoutingPolicy } from '@wakefield/domain';
import { json, type Script, type ScriptedEngine, startEngine } from '../test/engine.ts';
import { chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

const count = 4;
let proxy: Harness;
let engines: readonly ScriptedEngine[];

beforeEach(async () => {
  engines = await Promise.all(Array.from({ length: count }, () => startEngine()));
  proxy = await startHarness();
});

afterEach(async () => {
  await proxy.stop();
  await Promise.all(engines.map((engine) => engine.close()));
});

async function route(policy: RoutingPolicy, weights: readonly number[] = []): Promise<void> {
  const endpoints = engines.map(({ port }, index) => ({
    ...endpoint(port, `job-${index}`),
    weight: weights[index] ?? 1,
  }));
  const routing = { ...defaultRouting, policy };
  proxy.route('a/b', { state: 'ready', idle: false, endpoints, routing });
  await proxy.caughtUp();
}

/** How many requests each engine has seen. */
const seen = () => engines.map((engine) => engine.seen.length);
/** Which engine saw what was asked just now; no other request may be under way. */
async function placeOf(ask: () => Promise<Response>): Promise<number> {
  const before = seen();
  expect((await ask()).status).toBe(200);
  return seen().findIndex((now, index) => now > (before[index] ?? 0));
}
const user = (content: string) => ({ role: 'user', content });
const system = (letter: string) => ({ role: 'system', content: letter.repeat(3000) });
/** Holds what it is asked until it is told to answer. */
function hold() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const script: Script = (response) => void promise.then(() => json(response, 200, {}));
  for (const engine of engines) engine.answer(script);
  return resolve;
}

describe('by prefix', () => {
  it('a conversation stays where it began, and others on the same system prompt join it', async () => {
    await route('prefix');
    const places = new Set<number>();
    for (const letter of 'abcdefghij') {
      const messages: object[] = [system(letter)];
      const used = new Set<number>();
      for (const turn of ['one', 'two', 'three']) {
        messages.push(user(`${turn} `.repeat(99)));
        used.add(await placeOf(() => chat(proxy.url, { messages })));
      }
      used.add(await placeOf(() => chat(proxy.url, { messages: [system(letter), user('hi')] })));
      expect(used.size).toBe(1);
      for (const place of used) places.add(place);
    }
    expect(places.size).toBeGreaterThan(1);
  });

  it('goes on elsewhere where the one that knows the prompt has too much to do', async () => {
    await route('prefix');
    const answer = hold();
    const messages = [system('a'), user('hi')];
    const answers = Array.from({ length: 16 }, () => chat(proxy.url, { messages }));
    await until('all under way', () => seen().reduce((sum, one) => sum + one, 0) === 16);
    // ⌈1.25 · 16 / 4⌉
    expect(Math.max(...seen())).toBeLessThanOrEqual(5);
    answer();
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  });

  it('goes elsewhere when its engine is gone, and stays there', async () => {
    await route('prefix');
    const ask = () => chat(proxy.url, { messages: [system('a'), user('hi')] });
    const first = await placeOf(ask);
    await engines[first]?.close();
    const next = await placeOf(ask);
    expect(next).not.toBe(first);
    for (let again = 0; again < 5; again += 1) expect(await placeOf(ask)).toBe(next);
  });
});

describe('by session', () => {
  it('a session stays where it is, whatever is asked, and sessions spread', async () => {
    await route('session');
    const places = new Set<number>();
    for (let session = 0; session < 12; session += 1) {
      const headers = { 'X-Session-Id': `chat ${session}` };
      const ask = (text: string) =>
        placeOf(() => chat(proxy.url, { messages: [user(text)] }, { headers }));
      const place = await ask('one');
      expect([await ask('two'), await ask('three')]).toEqual([place, place]);
      places.add(place);
    }
    expect(places.size).toBeGreaterThan(1);
  });

  it('without the header requests go where there is the least to do', async () => {
    await route('session');
    const answer = hold();
    const answers = Array.from({ length: 8 }, () => chat(proxy.url));
    await until('all under way', () => seen().every((one) => one === 2));
    answer();
    await Promise.all(answers);
  });
});

describe('by least load', () => {
  it('weights are kept, and a change counts for the next request', async () => {
    await route('least_load', [3, 1, 1, 1]);
    const answer = hold();
    const answers = Array.from({ length: 12 }, () => chat(proxy.url));
    await until('all under way', () => String(seen()) === '6,2,2,2');
    await route('least_load');
    answers.push(...Array.from({ length: 12 }, () => chat(proxy.url)));
    await until('all the others', () => String(seen()) === '6,6,6,6');
    answer();
    await Promise.all(answers);
  });
});

describe('an engine that fails again and again', () => {
  it('is left alone, tried now and then, and told of once', async () => {
    await route('least_load');
    const [broken] = engines;
    broken?.answer((response) => json(response, 500, { error: { message: 'no memory' } }));
    for (let request = 0; request < 5; request += 1) {
      expect((await chat(proxy.url)).status).toBe(500);
    }
    for (let request = 0; request < 5; request += 1) {
      expect((await chat(proxy.url)).status).toBe(200);
    }
    expect(broken?.seen).toHaveLength(5);
    const exposed = await proxy.metric('wakefield_ejected_endpoints');
    expect(exposed).toBe(1);
    const told = proxy.log.filter((line) => line.includes('fails again and again'));
    expect(told.map((line) => JSON.parse(line))).toMatchObject([{ jobId: 'job-0', failures: 5 }]);
  });

  it('is left alone, too, when its answers take too long', async () => {
    const endpoints = engines.map(({ port }, index) => endpoint(port, `job-${index}`));
    const timeouts = { ...noTimeouts, firstByteSeconds: 0.5 };
    proxy.route('a/b', { state: 'ready', idle: false, endpoints, timeouts });
    await proxy.caughtUp();
    const [slow] = engines;
    slow?.answer(() => undefined);
    await until('ejected', async () => {
      await chat(proxy.url);
      return (await proxy.metric('wakefield_ejected_endpoints')) === 1;
    });
    const asked = slow?.seen.length;
    expect((await chat(proxy.url)).status).toBe(200);
    expect(slow?.seen).toHaveLength(asked ?? 0);
  });

  it('is asked on where no other is left, and after errors that are the fault of requests', async () => {
    await route('least_load');
    const [first] = engines;
    first?.answer((response) => json(response, 400, { error: { message: 'too long' } }));
    for (let request = 0; request < 8; request += 1) {
      expect((await chat(proxy.url)).status).toBe(400);
    }
    proxy.route('a/b', { endpoints: [endpoint(first?.port ?? 0, 'job-0')] });
    await proxy.caughtUp();
    first?.answer((response) => json(response, 500, { error: { message: 'no memory' } }));
    for (let request = 0; request < 8; request += 1) {
      expect((await chat(proxy.url)).status).toBe(500);
    }
  });
});
