import { describe, expect, test } from '@jest/globals';
import { demandReturnMs, sumDemand } from './demand-board.ts';
import { redisProfiles } from './redis-profiles.ts';

test.each(['produce', 'subscribe'] as const)(
  'a proxy that lives has spoken again before it is taken for dead (%s)',
  (profile) => {
    const { connectTimeout, retryStrategy } = redisProfiles[profile];
    const beatMs = 1000;
    expect(demandReturnMs).toBeGreaterThanOrEqual(
      connectTimeout + retryStrategy(100) + beatMs + 2000,
    );
  },
);

describe('sumDemand', () => {
  test('counts add up, and the last request is the latest of all', () => {
    const one = {
      running: 2,
      held: 0,
      average: 1.5,
      peak: 2,
      lastRequestAt: 100,
      runningByJob: { a: 1, b: 1 },
    };
    const other = {
      running: 1,
      held: 3,
      average: 4,
      peak: 4.5,
      lastRequestAt: 90,
      runningByJob: { b: 1 },
    };
    const silent = {
      running: 0,
      held: 0,
      average: 0,
      peak: 0,
      lastRequestAt: null,
      runningByJob: {},
    };
    expect(sumDemand([one, silent, other])).toEqual({
      running: 3,
      held: 3,
      average: 5.5,
      peak: 6.5,
      lastRequestAt: 100,
      runningByJob: { a: 1, b: 2 },
    });
    expect(sumDemand([silent])).toEqual(silent);
  });
});
