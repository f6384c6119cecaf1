import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { Placed } from '@wakefield/control';
import { createLogger } from '@wakefield/runtime';
import { createPlacements } from './placements.ts';

const logger = createLogger({ service: 'proxy', level: 'silent' });
let published: Placed[];
let heard: unknown[];
let listener: (placed: Placed) => void;
let isAway: boolean;
let proxies: number;

beforeEach(() => {
  jest.useFakeTimers();
  [published, heard, isAway, proxies] = [[], [], false, 2];
});
afterEach(() => {
  jest.useRealTimers();
});

const answer = async () => {
  if (isAway) throw new Error('away');
};
function start() {
  const placements = createPlacements({
    bus: {
      publish: async (placed) => {
        await answer();
        published.push(placed);
      },
      subscribe: async (one) => {
        listener = one;
        return async () => undefined;
      },
    },
    proxyId: 'mine',
    proxies: () => proxies,
    everyMs: 1000,
    heard: (...told) => heard.push(told),
    logger,
  });
  placements.start();
  return placements;
}
const turn = () => jest.advanceTimersByTimeAsync(1000);

it('tells once in a turn what went where, and nothing where nothing did', async () => {
  const { sent, close } = start();
  for (const [jobId, key] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const)
    sent('m', jobId, key);
  await turn();
  await turn();
  expect(published).toEqual([{ proxyId: 'mine', models: { m: { a: [1, 3], b: [2] } } }]);
  await close();
});

it('hears what others have placed, and not itself', async () => {
  const { close } = start();
  await turn();
  listener({ proxyId: 'mine', models: { m: { a: [1] } } });
  listener({ proxyId: 'other', models: { m: { a: [1, 2], b: [3] } } });
  expect(heard).toEqual([
    ['m', 'a', [1, 2]],
    ['m', 'b', [3]],
  ]);
  await close();
});

it('gathers nothing alone, and so much where nobody listens', async () => {
  const { sent, close } = start();
  proxies = 1;
  sent('m', 'a', 1);
  await turn();
  expect(published).toEqual([]);
  proxies = 2;
  for (let key = 0; key < 20_000; key += 1) sent('m', 'a', key);
  await turn();
  expect(published[0]?.models.m?.a).toHaveLength(10_000);
  await close();
});

it('goes on when what it is told by was away', async () => {
  isAway = true;
  const { sent, close } = start();
  sent('m', 'a', 1);
  await turn();
  isAway = false;
  await turn();
  sent('m', 'a', 2);
  await turn();
  expect(published).toEqual([{ proxyId: 'mine', models: { m: { a: [2] } } }]);
  listener({ proxyId: 'other', models: { m: { a: [7] } } });
  expect(heard).toEqual([['m', 'a', [7]]]);
  await close();
});
