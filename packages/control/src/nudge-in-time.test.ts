import { expect, test } from '@jest/globals';
import { type Action, defaultPolicy, isInHurry, type TotalDemand } from '@wakefield/domain';
import { SWEEP_EVERY_MS } from './sweep-models.ts';

const now = 1_790_000_000_000;
const known: TotalDemand = {
  isWhole: true,
  running: 0,
  held: 0,
  average: 0,
  peak: 0,
  lastRequestAt: null,
  runningByJob: {},
};
const hurried = (aheadMs: number, demand: TotalDemand | null = known, actions: Action[] = []) =>
  isInHurry({ actions, lookAgainAt: now + aheadMs }, { demand }, defaultPolicy, now);
const { lookAgainMs, lookInDoubtMs } = defaultPolicy;

test('a deadline before the usual look is met, also one behind the next sweep', () => {
  expect(hurried(SWEEP_EVERY_MS - 1)).toBe(true);
  expect(hurried(SWEEP_EVERY_MS + 1)).toBe(true);
  expect(hurried(lookAgainMs - 1)).toBe(true);
});

test("usual looks, and those further ahead, are the sweep's alone", () => {
  expect(hurried(lookAgainMs)).toBe(false);
  expect(hurried(defaultPolicy.lookRarelyMs)).toBe(false);
});

test('that the demand is not known makes no run of each model: the very next sweep finds it', () => {
  expect(hurried(lookInDoubtMs, null)).toBe(false);
  expect(lookInDoubtMs).toBeLessThan(SWEEP_EVERY_MS);
  expect(hurried(lookInDoubtMs - 1, null)).toBe(true);
});

test('a submission is looked after, whatever is known of the demand', () => {
  const submit: Action = { kind: 'submit', jobId: 'job' };
  expect(hurried(lookInDoubtMs, null, [submit])).toBe(true);
  expect(hurried(lookInDoubtMs, known, [submit])).toBe(true);
});
