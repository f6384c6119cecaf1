import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ScriptedEngine, startEngine } from '../test/engine.ts';
import { chat, endpoint, type Harness, startHarness } from '../test/harness.ts';

let proxy: Harness;
let leaving: ScriptedEngine;
let staying: ScriptedEngine;

/** Which of both is chosen, where this one has so many seconds left and the other an hour. */
const routeTo = (seconds: number, others = 3600) => {
  const at = Date.now();
  proxy.route('a/b', {
    state: 'ready',
    idle: false,
    endpoints: [
      { ...endpoint(leaving.port, 'job-1'), servesUntil: at + seconds * 1000 },
      { ...endpoint(staying.port, 'job-2'), servesUntil: at + others * 1000 },
    ],
  });
};
const seen = () => [leaving.seen.length, staying.seen.length];

beforeEach(async () => {
  [leaving, staying] = await Promise.all([startEngine(), startEngine()]);
  proxy = await startHarness();
});

afterEach(async () => {
  await proxy.stop();
  await Promise.all([leaving.close(), staying.close()]);
});

describe('an engine whose job ends soon', () => {
  it('gets what it can finish, as soon as requests are known to be short', async () => {
    routeTo(55);
    for (let count = 0; count < 50; count += 1) await chat(proxy.url);
    expect(seen()).toEqual([0, 50]);
    for (let count = 0; count < 100; count += 1) await chat(proxy.url);
    expect(leaving.seen.length).toBeGreaterThan(20);
  });

  it('gets short requests and no streams, which might be long', async () => {
    routeTo(55);
    for (let count = 0; count < 150; count += 1) await chat(proxy.url);
    const [before] = seen();
    const stream = { stream: true };
    for (let count = 0; count < 20; count += 1) await (await chat(proxy.url, stream)).text();
    expect(seen()[0]).toBe(before);
    // One that may have a few tokens is no long one.
    const short = { stream: true, max_tokens: 16 };
    for (let count = 0; count < 20; count += 1) await (await chat(proxy.url, short)).text();
    expect(seen()[0]).toBeGreaterThan(before ?? 0);
  });

  it('gets no answer of many tokens, however short the others are', async () => {
    routeTo(55);
    for (let count = 0; count < 150; count += 1) await chat(proxy.url);
    const [before] = seen();
    for (let count = 0; count < 20; count += 1) await chat(proxy.url, { max_tokens: 32_000 });
    expect(seen()[0]).toBe(before);
  });

  it('is asked before nobody is', async () => {
    routeTo(50, 5);
    await chat(proxy.url);
    expect(seen()).toEqual([1, 0]);
  });
});
