import { expect, test } from '@jest/globals';
import { byOurClock, clockSkew } from './clock-skew.ts';

const now = 1_790_000_000_000;
const minutes = 60_000;

test.each([
  ['the same', now, 0],
  ['within tolerance', now - 3_000, 0],
  ['five minutes behind', now - 5 * minutes, 5 * minutes],
  ['five minutes ahead', now + 5 * minutes, -5 * minutes + 400],
])('a clock that is %s', (_, cluster, skew) => {
  expect(clockSkew(String(cluster / 1_000), now, now + 400)).toBe(skew);
});

test('a slow answer is no skew, and an unreadable clock is taken for ours', () => {
  expect(clockSkew(String((now + 15_000) / 1_000), now, now + 20_000)).toBe(0);
  expect(clockSkew(undefined, now, now)).toBe(0);
  expect(clockSkew('soon', now, now)).toBe(0);
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
