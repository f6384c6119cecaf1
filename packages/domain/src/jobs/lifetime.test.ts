import { describe, expect, test } from '@jest/globals';
import { servesUntil } from './lifetime.ts';

const minute = 60_000;
const policy = { endMarginMs: 30_000 };

describe('the end of serving', () => {
  test.each<[string, number, number, number]>([
    ['half a minute before that of the job', 60, 60, 60 * minute - 30_000],
    ['of a short life a twentieth before it', 1, 1, minute - 3000],
    ['by what was given, not by what was asked for', 60, 2, 2 * minute - 6000],
  ])('comes %s', (_name, askedMinutes, givenMinutes, expected) => {
    const job = { startedAt: 0, endsAt: givenMinutes * minute, walltimeSeconds: askedMinutes * 60 };
    expect(servesUntil(job, policy)).toBe(expected);
    expect(servesUntil({ ...job, endsAt: null }, policy)).toBeNull();
  });

  test('is reckoned from the walltime when the start is not known', () => {
    expect(servesUntil({ startedAt: null, endsAt: minute, walltimeSeconds: 60 }, policy)).toBe(
      minute - 3000,
    );
  });
});
