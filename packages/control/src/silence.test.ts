import { expect, test } from '@jest/globals';
import { lookAfterFailure, silenceAfter } from './silence.ts';

const cadence = { busyMs: 5_000, quietMs: 15_000, patienceMs: 20_000 };
const at = 1_790_000_000_000;
const silent = {
  reachable: false,
  observedAt: null,
  error: 'no answer',
  silence: { since: at - 120_000, looks: 3 },
  nextLookAt: at - 1_000,
};
const after = (before: Parameters<typeof silenceAfter>[0]) =>
  silenceAfter(before, cadence, at, at + 7);

test('a cluster that answered, or was never looked at, is silent from the first look that failed', () => {
  const first = { since: at + 7, looks: 1 };
  expect(after(undefined)).toEqual(first);
  expect(after({ ...silent, reachable: true, silence: null })).toEqual(first);
  expect(after({ ...silent, silence: null })).toEqual(first);
});

test('what is left of a silence before the cluster answered says nothing of this one', () => {
  expect(after({ ...silent, reachable: true })).toEqual({ since: at + 7, looks: 1 });
});

test('looks in a row make it longer, late as they may be', () => {
  const longer = { since: at - 120_000, looks: 4 };
  expect(after(silent)).toEqual(longer);
  expect(after({ ...silent, nextLookAt: at - 50_000 })).toEqual(longer);
  expect(after({ ...silent, nextLookAt: at + 9_000 })).toEqual(longer);
});

test('time in which nobody looked is none of it, nor are the looks before it', () => {
  expect(after({ ...silent, nextLookAt: at - 50_001 })).toEqual({ since: at - 69_999, looks: 1 });
});

test.each([
  ['a site, as it is configured', { busyMs: 2_000, quietMs: 20_000 }, [2, 4, 6, 8, 8, 8]],
  [
    'a private cluster',
    { busyMs: 500, quietMs: 5_000 },
    [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5],
  ],
  ['one that is never in a hurry', { busyMs: 30_000, quietMs: 30_000 }, [30, 30]],
])('looks at a silent cluster are soon at first: %s', (_, its, seconds) => {
  const waits = seconds.map(
    (__, index) => lookAfterFailure(index + 1, 'unreachable', { ...cadence, ...its }) / 1_000,
  );
  expect(waits).toEqual(seconds);
});

test.each([1, 5, 1_000])(
  'after %i looks the next one is soon enough by the usual cadence',
  (looks) => {
    const usual = { busyMs: 2_000, quietMs: 20_000, patienceMs: 45_000 };
    expect(lookAfterFailure(looks, 'unreachable', usual)).toBeLessThan(10_000);
  },
);

test('a login that is refused is not tried again in a hurry', () => {
  expect(lookAfterFailure(1, 'misconfigured', cadence)).toBe(15_000);
});
