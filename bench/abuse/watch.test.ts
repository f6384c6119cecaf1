import { describe, expect, it } from '@jest/globals';
import { watch } from './watch.ts';

/** @param heldAt how many are held after so many ms */
async function watched(heldAt: (ms: number) => number) {
  let at = 0;
  const looks: number[] = [];
  const result = await watch({
    look: async () => {
      looks.push(at);
      return heldAt(at);
    },
    ...{ everyMs: 500, leastMs: 10_000, marginMs: 30_000, now: () => at },
    wait: async (ms) => {
      at += ms;
    },
  });
  return { ...result, lookedUntil: looks.at(-1) };
}

describe('a watch', () => {
  it.each([
    ['in time', (ms: number) => (ms < 4000 ? 9 : 0), 0, 4000, 10_000],
    ['after their bound', (ms: number) => (ms < 21_300 ? 9 : 0), 0, 21_500, 21_500],
    ['never', () => 9, 9, null, 40_000],
    ['and come back', (ms: number) => (ms === 4000 ? 0 : ms < 6000 ? 9 : 0), 0, 6000, 10_000],
    ['and nobody tells', () => Number.NaN, Number.NaN, 500, 10_000],
  ])('of those that go %s', async (_, heldAt, held, goneAfterMs, lookedUntil) => {
    expect(await watched(heldAt)).toEqual({ held, goneAfterMs, lookedUntil });
  });
});
