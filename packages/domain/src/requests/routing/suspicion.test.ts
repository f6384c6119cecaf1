import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  afterAnswer,
  afterFailure,
  afterLoss,
  afterStranger,
  heedsEjections,
  isOwnFailure,
  onTrial,
  type Suspicion,
} from '../../index.ts';

const at = 100_000;
/** So many times in a row, each after the last one was heard. */
const times = (
  count: number,
  after: typeof afterLoss,
  before: Suspicion | null = null,
): Suspicion => {
  let suspicion = before;
  for (let index = 0; index < count; index += 1) suspicion = after(suspicion, at, at);
  if (suspicion === null) throw new Error('nothing happened');
  return suspicion;
};

describe('losses', () => {
  test.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [4, 4000],
    [5, 5000],
    [99, 5000],
  ])('%d in a row: avoided for %d ms', (count, pauseMs) => {
    expect(times(count, afterLoss).avoidedUntil).toBe(at + pauseMs);
  });

  test('an answer ends the avoidance, a good one is needed for the rest', () => {
    const after = afterAnswer(times(7, afterLoss));
    expect(after).toMatchObject({ strikes: 0, avoidedUntil: 0, failures: 7 });
    expect(after?.ejectedUntil).toBeGreaterThan(at);
    expect(afterAnswer(afterStranger(at))).toBeNull();
  });
});

describe('failures', () => {
  test.each([
    [1, 0],
    [4, 0],
    [5, 5000],
    [6, 10_000],
    [7, 20_000],
    [8, 40_000],
    [9, 60_000],
    [2000, 60_000],
  ])('%d in a row: ejected for %d ms', (count, pauseMs) => {
    for (const after of [afterFailure, afterLoss]) {
      const { ejectedUntil } = times(count, after);
      expect(ejectedUntil).toBe(pauseMs === 0 ? 0 : at + pauseMs);
    }
    expect(times(count, afterFailure).avoidedUntil).toBe(0);
  });

  test('what was sent before the ejection says nothing new', () => {
    const ejected = times(5, afterFailure);
    expect(afterFailure(ejected, at + 50, at - 1)).toEqual(ejected);
    expect(afterFailure(ejected, at + 50, at).failures).toBe(6);
  });

  test.each<[number, boolean]>([
    [200, false],
    [400, false],
    [429, false],
    [500, true],
    [501, false],
    [502, true],
    [503, true],
    [504, true],
    [505, false],
  ])('status %d is one: %s', (status, expected) => {
    expect(isOwnFailure(status)).toBe(expected);
  });

  test.each<[number, number, boolean]>([
    [1, 1, false],
    [1, 2, true],
    [2, 2, false],
    [1, 3, true],
    [2, 3, false],
    [5, 10, true],
    [6, 10, false],
  ])('%d of %d ejected: heeded %s', (ejected, endpoints, expected) => {
    expect(heedsEjections(ejected, endpoints)).toBe(expected);
  });
});

describe('a trial', () => {
  test('of a suspect lets others wait for a second, of a stranger for a minute', () => {
    expect(onTrial(times(3, afterLoss), at + 9000).avoidedUntil).toBe(at + 10_000);
    expect(onTrial(afterStranger(at), at + 60_000).avoidedUntil).toBe(at + 120_000);
  });

  test('of an ejected one lets others wait for as long as it was ejected', () => {
    const ejected = times(6, afterFailure);
    expect(onTrial(ejected, at + 10_000).ejectedUntil).toBe(at + 20_000);
    // Chosen because ejections are not heeded: no trial.
    expect(onTrial(ejected, at + 9999)).toEqual(ejected);
  });

  test('one that failed now and then is not on trial', () => {
    expect(onTrial(times(4, afterFailure), at + 1)).toEqual(times(4, afterFailure));
  });

  test('property: nobody is avoided for longer than five seconds or a minute, or ejected for longer than a minute', () => {
    type Step = (before: Suspicion | null, now: number, sentAt: number) => Suspicion | null;
    const trial: Step = (before, now) => (before === null ? null : onTrial(before, now));
    const answer: Step = (before) => (before === null ? null : afterAnswer(before));
    const stranger: Step = (_before, now) => afterStranger(now);
    const steps = fc.array(
      fc.record({
        step: fc.constantFrom<Step>(afterLoss, afterFailure, stranger, trial, answer),
        afterMs: fc.nat(70_000),
        agoMs: fc.nat(90_000),
      }),
    );
    const longest = (suspicion: Suspicion | null) => (suspicion?.isStranger ? 60_000 : 5000);
    fc.assert(
      fc.property(steps, (all) => {
        let now = at;
        let suspicion: Suspicion | null = null;
        for (const { step, afterMs, agoMs } of all) {
          now += afterMs;
          suspicion = step(suspicion, now, now - agoMs);
          expect((suspicion?.avoidedUntil ?? 0) - now).toBeLessThanOrEqual(longest(suspicion));
          expect((suspicion?.ejectedUntil ?? 0) - now).toBeLessThanOrEqual(60_000);
        }
      }),
    );
  });
});
