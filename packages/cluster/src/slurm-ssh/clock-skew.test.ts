import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { byOurClock, clockSkew } from './clock-skew.ts';

const now = 1_790_000_000_000;
const minutes = 60_000;

test.each([
  ['the same', now, 0],
  ['within tolerance', now - 3_000, 0],
  ['five minutes behind', now - 5 * minutes, 5 * minutes],
  ['five minutes ahead', now + 5 * minutes, -5 * minutes],
])('a clock that is %s', (_, cluster, skew) => {
  expect(clockSkew(0, String(cluster / 1_000), now, now + 400)).toBe(skew);
});

test('a slow answer is no skew; an unreadable clock changes nothing', () => {
  expect(clockSkew(0, String((now + 15_000) / 1_000), now, now + 20_000)).toBe(0);
  expect(clockSkew(7_000, undefined, now, now)).toBe(7_000);
  expect(clockSkew(7_000, 'soon', now, now)).toBe(7_000);
});

test('however long answers take, a clock that runs evenly has one skew', () => {
  const answers = fc.array(
    fc.record({
      underWay: fc.integer({ min: 0, max: 8_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 2, maxLength: 50 },
  );
  fc.assert(
    fc.property(fc.integer({ min: -600_000, max: 600_000 }), answers, (ahead, looks) => {
      let kept = 0;
      let at = now;
      const found = looks.map(({ underWay, share }) => {
        at += 2_000 + underWay;
        const read = at + underWay * share;
        kept = clockSkew(kept, String(Math.floor((read - ahead) / 1_000)), at, at + underWay);
        return kept;
      });
      // It may be found late, when the answers before took too long to tell it, but then for good.
      expect(new Set(found).size).toBeLessThanOrEqual(2);
      expect(Math.abs(kept - ahead)).toBeLessThanOrEqual(15_000);
    }),
    { numRuns: 1_000 },
  );
});

test('times that the cluster tells are ours afterwards; what is not told stays untold', () => {
  const clusterJob = {
    clusterJobId: '1',
    name: 'wf-a-1',
    state: 'running',
    reason: null,
    node: 'cn01',
    submittedAt: 1_000,
    startedAt: 2_000,
    endsAt: 3_000,
    forecastAt: null,
    nodeLeaving: null,
  } as const;
  const sighting = {
    clusterJob,
    address: null,
    misplaced: null,
    building: false,
    exit: { exitCode: 0, cause: 'drained', at: 4_000 },
    logTail: null,
    gpuUtilization: null,
  } as const;
  const seen = new Map([['wf-a-1', sighting]]);
  expect(byOurClock(seen, 0)).toBe(seen);
  expect(byOurClock(seen, 100).get('wf-a-1')).toEqual({
    ...sighting,
    clusterJob: { ...clusterJob, submittedAt: 1_100, startedAt: 2_100, endsAt: 3_100 },
    exit: { exitCode: 0, cause: 'drained', at: 4_100 },
  });
});
