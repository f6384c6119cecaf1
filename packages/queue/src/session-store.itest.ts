import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { SessionStore } from '@wakefield/control';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createSessionStore } from './session-store.ts';

let fixture: QueueFixture;
let store: SessionStore;
beforeEach(async () => {
  fixture = await openQueueFixture();
  store = createSessionStore(fixture.redis);
});
afterEach(() => fixture.close());

test('what is put ends by itself', async () => {
  await store.put('a', 'one', 60_000);
  expect(await store.get('a')).toBe('one');
  await store.put('a', 'two', 0.2);
  await until(async () => (await store.get('a')) === null);
});

test('what is replaced lives as long as is said then, and what is gone stays gone', async () => {
  await store.put('a', 'one', 60_000);
  expect(await store.replace('a', 'two', 30_000)).toBe(true);
  expect(await store.get('a')).toBe('two');
  const { produce, prefix } = fixture.redis;
  const left = await produce.pttl(`${prefix}:session:a`);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(30_000);
  await store.take('a');
  expect(await store.replace('a', 'three', 30_000)).toBe(false);
  expect(await store.get('a')).toBeNull();
});

test('what is taken is one caller’s alone', async () => {
  await store.put('a', 'one', 60_000);
  const taken = await Promise.all([store.take('a'), store.take('a'), store.take('a')]);
  expect(taken.sort()).toEqual([null, null, 'one']);
});

test('the first settles it, and stays', async () => {
  const all = await Promise.all(['x', 'y', 'z'].map((word) => store.settle('key', word)));
  expect(new Set(all).size).toBe(1);
  expect(await fixture.redis.produce.pttl(`${fixture.redis.prefix}:session:key`)).toBe(-1);
});

test('a claim is given back by its owner alone', async () => {
  expect(await store.claim('a', 'me', 100)).toBe(true);
  expect(await store.claim('a', 'you', 60_000)).toBe(false);
  await until(() => store.claim('a', 'you', 60_000));
  await store.release('a', 'me');
  expect(await store.claim('a', 'me', 60_000)).toBe(false);
  await store.release('a', 'you');
  expect(await store.claim('a', 'me', 60_000)).toBe(true);
});

test('a list takes so many, each for as long as is said', async () => {
  const enlist = (one: string, lifeMs = 60_000) => store.enlist('list', one, lifeMs, 2);
  expect(await Promise.all(['a', 'b', 'c'].map((one) => enlist(one)))).toEqual([true, true, false]);
  // Who is in it stays, for as long as is said then.
  expect(await enlist('a', 300)).toBe(true);
  expect(await enlist('c')).toBe(false);
  await until(() => enlist('c'));
  await store.discharge('list', 'b');
  expect(await enlist('d')).toBe(true);
  const { produce, prefix } = fixture.redis;
  const left = await produce.pttl(`${prefix}:session:list`);
  expect(left).toBeGreaterThan(50_000);
  expect(left).toBeLessThanOrEqual(60_000);
});
