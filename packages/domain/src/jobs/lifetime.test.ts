import { describe, expect, test } from '@jest/globals';
import { defaultPolicy } from '../vocabulary/policy.ts';
import { servesUntil } from './lifetime.ts';

const minute = 60_000;

describe('the end of serving', () => {
  test.each<[string, number, number, number]>([
    ['two minutes before that of the job', 60, 60, 58 * minute],
    ['of a short life a twentieth before it', 1, 1, minute - 3_000],
    ['as long before it where less was given than asked for', 60, 10, 8 * minute],
    ['as long before it where more was given than asked for', 10, 60, 59.5 * minute],
  ])('comes %s', (_name, askedMinutes, givenMinutes, expected) => {
    const job = { endsAt: givenMinutes * minute, walltimeSeconds: askedMinutes * 60 };
    expect(servesUntil(job, defaultPolicy)).toBe(expected);
    expect(servesUntil({ ...job, endsAt: null }, defaultPolicy)).toBeNull();
  });
});
