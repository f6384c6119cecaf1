import { describe, expect, test } from '@jest/globals';
import { demand, job, model, observed, t0 } from '../../../test/builders.ts';
import {
  type ClusterLimits,
  type ClusterUse,
  defaultPolicy,
  type Model,
  type Observed,
  type Plan,
  reconcile,
  roomFor,
} from '../../index.ts';

const place = { cluster: 'c1', project: 'demo' };
const limits = (over: Partial<ClusterLimits['project']> = {}, jobs: number | null = null) => ({
  jobs,
  project: { jobs: null, gpus: null, ...over },
});
const use = (all: number, jobs: number, gpus: number): ClusterUse => ({
  jobs: all,
  project: { jobs, gpus },
});

describe('roomFor', () => {
  test.each<[string, ClusterLimits, ClusterUse, number | null]>([
    ['no limit', limits(), use(99, 99, 99), null],
    ['jobs of the project', limits({ jobs: 4 }), use(9, 3, 6), 1],
    ['GPUs of the project: whole jobs', limits({ gpus: 9 }), use(9, 3, 6), 1],
    ['all projects together', limits({}, 10), use(8, 1, 2), 2],
    ['the least of all counts', limits({ jobs: 9, gpus: 8 }, 100), use(8, 1, 2), 3],
    ['over the limit, since it was lowered', limits({ jobs: 2 }), use(5, 5, 5), 0],
  ])('%s', (_name, given, used, jobs) => {
    expect(roomFor(place, given, used, 2)?.jobs ?? null).toBe(jobs);
  });

  test('says which limit it is', () => {
    const words = (given: ClusterLimits) => roomFor(place, given, use(7, 3, 6), 2)?.reason;
    expect(words(limits({ jobs: 3 }))).toBe(
      'Project demo has 3 of 3 jobs on cluster c1, the limit that is configured there for it.',
    );
    expect(words(limits({ gpus: 7 }))).toBe(
      'Project demo has 6 of 7 GPUs on cluster c1, the limit that is configured there for it, and a job of this model takes 2.',
    );
    expect(words(limits({}, 7))).toBe(
      'All projects together have 7 of 7 jobs on cluster c1, the limit that is configured there.',
    );
  });
});

describe('a plan within room', () => {
  const plan = (desired: Model, seen: Observed): Plan =>
    reconcile(desired, seen, defaultPolicy, t0 + 1_000);
  const room = (jobs: number) => ({ c1: { jobs, reason: 'Full.' } });
  const seqs = ({ actions }: Plan) =>
    actions.map((action) => (action.kind === 'intend' ? action.seq : null));

  test('starts as many as there is room for, and says why not more', () => {
    const made = plan(model({ replicas: 3 }), observed([], { room: room(2) }));
    expect(seqs(made)).toEqual([1, 2]);
    expect(made).toMatchObject({ state: 'queued', reason: 'Full.' });
    expect(made.because).toContain('no room under a configured limit: waits');
  });

  test('starts nothing without room; what serves goes on serving', () => {
    const jobs = [job('ready')];
    const load = demand({ running: 1 });
    const made = plan(model({ replicas: 2 }), observed(jobs, { room: room(0), demand: load }));
    expect(made).toMatchObject({ actions: [], state: 'busy', reason: 'Full.' });
    expect(made.lookAgainAt).toBeLessThanOrEqual(t0 + 1_000 + defaultPolicy.lookAgainMs);
  });

  test('another cluster of the model is taken while it has room', () => {
    const two = model({ replicas: 2 }, { otherClusters: ['c2'] });
    const clusters = {
      c1: { reachable: true, observedAt: t0, error: null, silence: null },
      c2: { reachable: true, observedAt: t0, error: null, silence: null },
    };
    const on = (seen: Partial<Observed>) =>
      plan(two, observed([], { clusters, ...seen })).actions.map(
        (action) => action.kind === 'intend' && action.cluster,
      );
    expect(on({ room: room(0) })).toEqual(['c2', 'c2']);
    expect(on({ room: { ...room(0), c2: { jobs: 1, reason: 'Full, too.' } } })).toEqual(['c2']);
    expect(on({ room: { ...room(0), c2: { jobs: 0, reason: 'Full, too.' } } })).toEqual([]);
  });

  test('enough room, or none that is known, changes nothing', () => {
    const wish = plan(model({ replicas: 3 }), observed([]));
    expect(seqs(wish)).toEqual([1, 2, 3]);
    expect(wish.reason).toBeNull();
    expect(plan(model({ replicas: 3 }), observed([], { room: room(3) }))).toEqual(wish);
    const elsewhere = { c9: { jobs: 0, reason: 'Full.' } };
    expect(plan(model({ replicas: 3 }), observed([], { room: elsewhere }))).toEqual(wish);
  });
});
