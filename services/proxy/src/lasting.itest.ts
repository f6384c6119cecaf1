import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { json, type ScriptedEngine, startEngine } from '../test/engine.ts';
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
      { ...endpoint(leaving.port, 'job-1'), endsAt: at + seconds * 1000 },
      { ...endpoint(staying.port, 'job-2'), endsAt: at + others * 1000 },
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
  it('gets what it can finish, as far as that is known', async () => {
    routeTo(80);
    // Requests may take a minute as long as nobody knows.
    await chat(proxy.url);
    expect(seen()).toEqual([0, 1]);
    await chat(proxy.url);
    expect(seen()).toEqual([1, 1]);
  });

  it('gets none once requests have been found to run for longer', async () => {
    staying.answer((response) => void setTimeout(() => json(response, 200, {}), 1500));
    routeTo(32.5);
    await chat(proxy.url);
    await chat(proxy.url);
    expect(seen()).toEqual([0, 2]);
  });

  it('is asked before nobody is', async () => {
    routeTo(50, 5);
    await chat(proxy.url);
    expect(seen()).toEqual([1, 0]);
  });
});
