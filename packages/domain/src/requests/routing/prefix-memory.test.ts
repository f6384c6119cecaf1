import { describe, expect, test } from '@jest/globals';
import { endpoint } from '../../../test/builders.ts';
import { PrefixMemory } from '../../index.ts';

const all = Array.from({ length: 6 }, (_, index) => endpoint(`job-${index}`));
const keysOf = (...numbers: readonly number[]) => Int32Array.from(numbers);
/** Two conversations on one long system prompt, and another prompt. */
const system = [11, 12, 13, 14];
const first = keysOf(...system, 21, 22);
const second = keysOf(...system, 31, 32);
const other = keysOf(41, 42, 43, 44);

function setUp(endpoints = all) {
  const memory = new PrefixMemory();
  const look = (keys: Int32Array, among = endpoints) => memory.look(keys, keys.length, among);
  return {
    send: (keys: Int32Array, jobId: string, among = endpoints) => {
      look(keys, among);
      memory.remember(keys, keys.length, jobId);
    },
    best: (keys: Int32Array, among = endpoints) => {
      look(keys, among);
      return among.toSorted((a, b) => memory.rank(b) - memory.rank(a))[0]?.jobId;
    },
    /** Whole blocks that each has seen. */
    depths: (keys: Int32Array, among = endpoints) => {
      look(keys, among);
      return among.map((one) => Math.floor(memory.rank(one)));
    },
  };
}

describe('PrefixMemory', () => {
  test('leads to who has seen the most of a prompt', () => {
    const { send, best, depths } = setUp();
    send(first, 'job-2');
    send(second, 'job-4');
    send(other, 'job-0');
    expect(best(keysOf(...first, 23))).toBe('job-2');
    expect(best(keysOf(...second, 33))).toBe('job-4');
    expect(depths(keysOf(...system, 51))).toEqual([0, 0, 4, 0, 4, 0]);
  });

  test('a short introduction that many have in common says nothing', () => {
    const { send, depths } = setUp();
    send(keysOf(1, 2, 61, 62), 'job-1');
    expect(depths(keysOf(1, 2, 71, 72))).toEqual([0, 2, 0, 0, 0, 0]);
    expect(depths(keysOf(1, 2, 71, 72, 73))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('of a block that everybody has seen the last four are known, and deeper ones still count', () => {
    const { send, depths } = setUp();
    send(first, 'job-0');
    for (const { jobId } of all.slice(1)) send(keysOf(...system, 99, 98), jobId);
    expect(depths(first)).toEqual([6, 0, 4, 4, 4, 4]);
  });

  test('what nobody knows goes to the same one, by its first block', () => {
    const chosen = Array.from({ length: 40 }, (_, index) => {
      const mine = setUp().best(keysOf(index, 5, 6));
      const elsewhere = setUp().best(keysOf(index, 7));
      expect(elsewhere).toBe(mine);
      return mine;
    });
    expect(new Set(chosen).size).toBe(all.length);
  });

  test('prompts that begin alike part where they differ, once enough have seen what they share', () => {
    const { send, best } = setUp();
    for (const { jobId } of all.slice(0, 4)) send(keysOf(1, 2, 3), jobId);
    const chosen = Array.from({ length: 40 }, (_, index) => best(keysOf(1, 2, 3, index + 100)));
    expect(new Set(chosen)).toEqual(new Set(['job-0', 'job-1', 'job-2', 'job-3']));
  });

  test('forgets jobs that are gone for those that come', () => {
    const { send, depths } = setUp();
    for (let round = 0; round < 400; round += 1) {
      const now = [endpoint(`old-${round}`), endpoint(`old-${round + 1}`)];
      send(first, `old-${round}`, now);
      expect(depths(first, now)[0]).toBe(6);
      expect(depths(first, [endpoint(`new-${round}`)])).toEqual([0]);
    }
  });

  test('of more endpoints than it can tell apart it remembers the first ones', () => {
    const many = Array.from({ length: 300 }, (_, index) => endpoint(`many-${index}`));
    const { send, depths } = setUp(many);
    send(first, 'many-254');
    send(first, 'many-299');
    expect(depths(first).indexOf(6)).toBe(254);
    expect(depths(first)[299]).toBe(0);
  });
});
