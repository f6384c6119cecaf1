import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { noTimeouts, type RequestTimeouts, timeLimits } from '../index.ts';

const never = Number.POSITIVE_INFINITY;
const configured = { connectMs: 5000, firstByteMs: never, betweenBytesMs: 60_000, totalMs: never };

describe('the limits of a request', () => {
  test.each<[string, Partial<RequestTimeouts>, number | null, Partial<typeof configured>]>([
    ['are those of the configuration', {}, null, {}],
    [
      'are those of the registration where it has any',
      { connectSeconds: 1 },
      null,
      { connectMs: 1000 },
    ],
    ['may be longer there', { betweenBytesSeconds: 600 }, null, { betweenBytesMs: 600_000 }],
    ['may be none there', { betweenBytesSeconds: 0 }, null, { betweenBytesMs: never }],
    ['are what the caller asks for in all', {}, 30_000, { totalMs: 30_000 }],
    ['are lowered by the caller', { totalSeconds: 60 }, 500, { totalMs: 500 }],
    ['are not raised by the caller', { totalSeconds: 60 }, 90_000, { totalMs: 60_000 }],
    ['are lowered by the caller from none', { totalSeconds: 0 }, 7000, { totalMs: 7000 }],
  ])('%s', (_, registered, asked, expected) => {
    expect(timeLimits(configured, { ...noTimeouts, ...registered }, asked)).toEqual({
      ...configured,
      ...expected,
    });
  });

  test('property: nobody gets more time in all by asking', () => {
    const seconds = fc.option(fc.nat(100_000));
    fc.assert(
      fc.property(seconds, fc.nat(100_000_000), (totalSeconds, asked) => {
        const registered = { ...noTimeouts, totalSeconds };
        const without = timeLimits(configured, registered, null).totalMs;
        const { totalMs } = timeLimits(configured, registered, asked);
        return totalMs <= without && totalMs <= asked;
      }),
    );
  });
});
