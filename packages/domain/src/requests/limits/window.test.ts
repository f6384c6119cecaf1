import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { runs } from '../../../test/runs.ts';
import {
  fits,
  fitsAfterMs,
  levelAfter,
  type Rate,
  rateOf,
  remainingOf,
  resetsAfterMs,
  settledLevel,
} from './window.ts';

/** A request as it comes: so long after the one before, with what it reserves and what it then uses. */
const request = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 20_000, noNaN: true })),
  reserves: fc.integer({ min: 1, max: 60 }),
  useShare: fc.double({ min: 0, max: 1, noNaN: true }),
  runsMs: fc.integer({ min: 0, max: 30_000 }),
});
type Coming = typeof request extends fc.Arbitrary<infer T> ? T : never;
const rate = fc
  .record({
    perMinute: fc.integer({ min: 1, max: 600 }),
    burstMs: fc.integer({ min: 1000, max: 120_000 }),
  })
  .map(({ perMinute, burstMs }) => rateOf(perMinute, burstMs));

interface Booking {
  readonly at: number;
  readonly amount: number;
}

/** Lets requests come and end in the order of time. @returns what was booked when, and what was used in all */
function run(limit: Rate, requests: readonly Coming[], settles: boolean) {
  const bookings: Booking[] = [];
  let [level, levelAt, emptiedAt, used, now] = [0, 0, 0, 0, 0];
  const open: {
    readonly endsAt: number;
    readonly begunAt: number;
    reserved: number;
    uses: number;
  }[] = [];
  const advance = (to: number) => {
    const next = levelAfter(level, to - levelAt, limit);
    if (next === 0) emptiedAt = Math.min(to, levelAt + resetsAfterMs(level, limit));
    [level, levelAt] = [next, to];
  };
  const settleUntil = (to: number) => {
    const due = open.filter(({ endsAt }) => endsAt <= to).sort((a, b) => a.endsAt - b.endsAt);
    for (const one of due) {
      advance(one.endsAt);
      const before = level;
      level = settledLevel(level, one.reserved, one.uses, emptiedAt > one.begunAt);
      bookings.push({ at: one.endsAt, amount: level - before });
      used += one.uses;
      open.splice(open.indexOf(one), 1);
    }
  };
  for (const { afterMs, reserves, useShare, runsMs } of requests) {
    now += afterMs;
    if (settles) settleUntil(now);
    advance(now);
    if (!fits(level, reserves, limit)) continue;
    level += reserves;
    bookings.push({ at: now, amount: reserves });
    const uses = Math.floor(reserves * useShare);
    open.push({ endsAt: now + runsMs, begunAt: now, reserved: reserves, uses });
  }
  if (settles) settleUntil(Number.MAX_SAFE_INTEGER / 2);
  return { bookings, used, lastAt: now };
}

describe('a limit that slides', () => {
  it('lets no more than burst and limit through in any window', () => {
    fc.assert(
      fc.property(rate, fc.array(request, { maxLength: 60 }), (limit, requests) => {
        const { bookings } = run(limit, requests, false);
        for (const [from, first] of bookings.entries()) {
          let sum = 0;
          for (const { at, amount } of bookings.slice(from)) {
            sum += amount;
            expect(sum).toBeLessThanOrEqual(
              (limit.burst + (at - first.at) * limit.perMs) * 1.0001 + 1e-6,
            );
          }
        }
      }),
      runs(500),
    );
  });

  it('books no more than that when reservations are settled, and what was used is never more', () => {
    fc.assert(
      fc.property(rate, fc.array(request, { maxLength: 60 }), (limit, requests) => {
        const { bookings, used, lastAt } = run(limit, requests, true);
        for (const [from, first] of bookings.entries()) {
          let sum = 0;
          for (const { at, amount } of bookings.slice(from)) {
            sum += amount;
            if (at > lastAt) break;
            expect(sum).toBeLessThanOrEqual(
              (limit.burst + (at - first.at) * limit.perMs) * 1.0001 + 1e-6,
            );
          }
        }
        expect(used).toBeLessThanOrEqual((limit.burst + lastAt * limit.perMs) * 1.0001 + 1e-6);
      }),
      runs(500),
    );
  });

  it('starves nobody: after the time that it tells, what may be used at all fits', () => {
    fc.assert(
      fc.property(
        rate,
        fc.integer({ min: 0, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (limit, level, part) => {
          const cost = limit.burst * part;
          const after = fitsAfterMs(level, cost, limit);
          expect(fits(levelAfter(level, after, limit), cost, limit)).toBe(true);
          if (after > 10)
            expect(fits(levelAfter(level, after - 10, limit), cost, limit)).toBe(
              fits(level, cost, limit),
            );
        },
      ),
      runs(500),
    );
  });

  it('counts exactly what was used, once it is known, as long as it still counts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 500 }),
        (level, reserved, used) => {
          expect(settledLevel(level + reserved, reserved, used, false)).toBe(level + used);
        },
      ),
      runs(500),
    );
  });

  it.each([
    ['more than was thought', 100, 40, 60, false, 120],
    ['less than was thought', 100, 40, 10, false, 70],
    ['nothing, of what hardly counts any more', 10, 40, 0, false, 0],
    ['nothing, of what no longer counts', 30, 40, 0, true, 30],
    ['more, though it no longer counts', 0, 40, 50, true, 10],
  ])('%s', (_what, level, reserved, used, emptied, after) => {
    expect(settledLevel(level, reserved, used, emptied)).toBe(after);
  });

  it('tells what is left and when it is whole again', () => {
    const limit = rateOf(60, 60_000);
    expect(limit).toEqual({ perMs: 0.001, burst: 60 });
    expect(remainingOf(0.4, limit)).toBe(59);
    expect(remainingOf(61, limit)).toBe(0);
    expect(resetsAfterMs(2, limit)).toBe(2000);
    expect(fitsAfterMs(60, 1, limit)).toBe(1000);
    expect(fitsAfterMs(0, 61, limit)).toBe(Number.POSITIVE_INFINITY);
    expect(rateOf(1, 1000).burst).toBe(1);
  });
});
