import { expect, test } from '@jest/globals';
import { silenceAfter } from './silence.ts';

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
