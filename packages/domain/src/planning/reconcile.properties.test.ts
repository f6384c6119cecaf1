import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyModel, anyObserved, now } from '../../test/arbitraries.ts';
import { job } from '../../test/builders.ts';
import { runs } from '../../test/runs.ts';
import {
  type Action,
  type ClusterName,
  defaultPolicy,
  isLeaving,
  isLive,
  type Job,
  type Model,
  type Observed,
  type Plan,
  type Room,
  reconcile,
  servesUntil,
} from '../index.ts';
import { isAbsent } from './absence.ts';
import { allowedSize } from './size/scaling.ts';
import { isRace, placesOf } from './staff/race.ts';
import { replaceAt } from './staff/replace-at.ts';
import { survey } from './survey.ts';

const plan = (desired: Model, seen: Observed, at = now): Plan =>
  reconcile(desired, seen, defaultPolicy, at);
const always = (check: (desired: Model, seen: Observed, made: Plan) => void): void => {
  fc.assert(
    fc.property(anyModel, anyObserved, (desired, seen) => {
      check(desired, seen, plan(desired, seen));
    }),
    runs(1_000),
  );
};
const of = (made: Plan, kind: Action['kind']): readonly Action[] =>
  made.actions.filter((action) => action.kind === kind);

const jobsOf = (actions: readonly Action[]): readonly string[] =>
  actions.flatMap((action) => ('jobId' in action ? [action.jobId] : []));

/** The world right after a plan was carried out without a fault. */
function carriedOut(desired: Model, seen: Observed, made: Plan): [Model, Observed] {
  const jobs = seen.jobs.map((one) => made.actions.reduce(stepOn, one));
  const born = made.actions.flatMap((action) =>
    action.kind === 'intend'
      ? [
          job('queued', {
            seq: action.seq,
            id: `new-${action.seq}`,
            cluster: action.cluster,
            intendedAt: now,
            submittedAt: now,
            successorOf: action.successorOf,
            rivalOf: action.rivalOf,
            revision: desired.revision,
          }),
        ]
      : [],
  );
  return [
    { ...desired, ...made.patch },
    { ...seen, jobs: [...jobs, ...born], room: roomLeft(seen, born) },
  ];
}

function roomLeft({ room = {} }: Observed, born: readonly Job[]): Record<ClusterName, Room> {
  return Object.fromEntries(
    Object.entries(room).map(([name, { jobs, reason }]) => [
      name,
      { jobs: jobs - born.filter(({ cluster }) => cluster === name).length, reason },
    ]),
  );
}

function stepOn(one: Job, action: Action): Job {
  if (action.kind === 'intend' || action.jobId !== one.id) return one;
  switch (action.kind) {
    case 'submit':
      return { ...one, phase: 'queued', clusterJobId: '1' };
    case 'drain':
      return { ...one, phase: 'draining', drainUntil: action.until };
    case 'askToEnd':
      return { ...one, endAskedAt: now };
    case 'cancel':
      return one.phase === 'intended'
        ? { ...one, phase: 'ended', outcome: 'as_asked', endedAt: now }
        : { ...one, cancelledAt: now };
  }
}

/** Wanted as it is, and not to be replaced because of its age or its node (when that is: replace-at.test.ts). */
function isGood(one: Job, desired: Model, seen: Observed): boolean {
  const { revision, spec, cluster } = desired;
  if (one.revision !== revision) return false;
  if (![cluster, ...spec.otherClusters].includes(one.cluster)) return false;
  return (replaceAt(one, survey(desired, seen, defaultPolicy, now)) ?? now + 1) > now;
}

/** Until when a draining job may keep its streams at the latest. */
function deadlineOf(one: Job): number {
  const end = servesUntil(one, defaultPolicy) ?? Number.POSITIVE_INFINITY;
  return Math.min(one.drainUntil ?? now, end);
}

/** Live jobs that count: not on their way out, and not out of reach for too long. */
function present(desired: Model, seen: Observed): readonly Job[] {
  const scene = survey(desired, seen, defaultPolicy, now);
  return scene.current.filter((one) => !isAbsent(one, scene));
}

describe('every plan', () => {
  test('looks again later than now', () => {
    always((_desired, _seen, made) => {
      expect(made.lookAgainAt).toBeGreaterThan(now);
      expect(Number.isFinite(made.lookAgainAt)).toBe(true);
    });
  });

  test('is the same for the same input, in whatever order the jobs come', () => {
    always((desired, seen, made) => {
      expect(plan(desired, seen)).toEqual(made);
      expect(plan(desired, { ...seen, jobs: seen.jobs.toReversed() })).toEqual(made);
    });
  });

  test('asks one thing at most of a job, and only of live ones', () => {
    always((_desired, seen, made) => {
      const ids = jobsOf(made.actions);
      expect(new Set(ids).size).toBe(ids.length);
      const live = new Set(seen.jobs.filter(isLive).map(({ id }) => id));
      expect(ids.every((id) => live.has(id))).toBe(true);
    });
  });

  test('intends numbers that are new, without gaps', () => {
    always((_desired, seen, made) => {
      const last = Math.max(0, ...seen.jobs.map(({ seq }) => seq));
      const seqs = of(made, 'intend').map((action) => ('seq' in action ? action.seq : Number.NaN));
      expect(seqs).toEqual(seqs.map((_seq, index) => last + 1 + index));
    });
  });

  test('never more good jobs than wanted, one more for each that is replaced, and one more in a race', () => {
    always((desired, seen, made) => {
      if (of(made, 'intend').length === 0) return;
      const [wanted, after] = carriedOut(desired, seen, made);
      expect(wanted.registered && !wanted.idle).toBe(true);
      const target = allowedSize(wanted.spec, wanted.replicas);
      const current = present(wanted, after);
      const good = current.filter((one) => isGood(one, wanted, after));
      const serving = current.filter((one) => !good.includes(one) && one.phase === 'ready');
      expect(good.length).toBeLessThanOrEqual(target + (isRace(good) ? 1 : 0));
      expect(
        good.filter(({ phase }) => phase === 'ready').length + serving.length,
      ).toBeLessThanOrEqual(target);
    });
  });

  test('never fewer than wanted, where nothing is in the way: a place is filled, or its job is being replaced', () => {
    always((any, unlucky) => {
      const { spec, revision } = any;
      const awake = { registered: true, stopRequested: false, idle: false };
      const desired = { ...any, ...awake, cluster: 'c1', spec: { ...spec, otherClusters: ['c2'] } };
      const jobs = unlucky.jobs
        .filter(({ phase, outcome }) => phase !== 'ended' || outcome === 'as_asked')
        .map((one) => (one.phase === 'ready' ? one : { ...one, revision }));
      const up = { reachable: true, observedAt: now, error: null, silence: null };
      const seen = { ...unlucky, jobs, clusters: { c1: up, c2: up }, room: {} };
      const made = plan(desired, seen);
      const [wanted, after] = carriedOut(desired, seen, made);
      if (wanted.idle) return;
      const rests = made.because.includes('idle timeout: keeps min_replicas');
      const target = allowedSize(wanted.spec, rests ? 1 : wanted.replicas);
      const current = present(wanted, after);
      const good = current.filter((one) => isGood(one, wanted, after));
      const succeeded = new Set(good.map(({ successorOf }) => successorOf));
      const heirless = current.filter((one) => !good.includes(one) && !succeeded.has(one.id));
      expect(placesOf(good) + heirless.length).toBeGreaterThanOrEqual(target);
    });
  });

  test('no two live jobs on one cluster succeed the same one', () => {
    always((desired, seen, made) => {
      const [, after] = carriedOut(desired, seen, made);
      const heirs = after.jobs.filter(
        (one) => isLive(one) && !isLeaving(one) && isGood(one, desired, after),
      );
      for (const action of of(made, 'intend')) {
        if (!('cluster' in action) || action.successorOf === null) continue;
        const { cluster, successorOf } = action;
        const beside = heirs.filter(
          (one) => one.cluster === cluster && one.successorOf === successorOf,
        );
        expect(beside).toHaveLength(1);
      }
    });
  });

  test('starts no more on a cluster than its limits leave room for', () => {
    always((desired, seen, made) => {
      const [, { room }] = carriedOut(desired, seen, made);
      for (const { jobs } of Object.values(room ?? {})) expect(jobs).toBeGreaterThanOrEqual(0);
    });
  });

  test('touches no cluster that does not answer', () => {
    always((_desired, seen, made) => {
      for (const action of made.actions) {
        if (action.kind === 'drain') continue;
        const cluster =
          action.kind === 'intend'
            ? action.cluster
            : seen.jobs.find(({ id }) => id === action.jobId)?.cluster;
        expect(seen.clusters[cluster ?? '']?.reachable).toBe(true);
      }
    });
  });

  test('never ends a job with running requests, or unknown ones, before its deadline', () => {
    always((_desired, seen, made) => {
      for (const action of made.actions) {
        if (action.kind !== 'cancel' && action.kind !== 'askToEnd') continue;
        const one = seen.jobs.find(({ id }) => id === action.jobId);
        expect(one?.phase).not.toBe('ready');
        if (one?.phase !== 'draining' || deadlineOf(one) <= now) continue;
        expect(seen.demand?.isWhole).toBe(true);
        expect(seen.demand?.runningByJob[one.id] ?? 0).toBe(0);
      }
    });
  });

  test('a sleeping or unregistered model gets nothing new', () => {
    always((desired, _seen, made) => {
      if (desired.idle || !desired.registered || made.patch.idle === true) {
        expect([...of(made, 'intend'), ...of(made, 'submit')]).toEqual([]);
      }
    });
  });

  test('unknown demand neither puts to sleep nor scales', () => {
    always((desired, seen) => {
      const { surplusSince = null, ...patch } = plan(desired, { ...seen, demand: null }).patch;
      expect(patch).toEqual({});
      expect(surplusSince).toBeNull();
    });
  });

  test('a part of the demand puts nothing to sleep and takes nothing away', () => {
    always((desired, seen) => {
      if (seen.demand === null) return;
      const demand = { ...seen.demand, isWhole: false };
      const { surplusSince = null, replicas, idle } = plan(desired, { ...seen, demand }).patch;
      expect(idle).toBeUndefined();
      expect(replicas ?? Number.POSITIVE_INFINITY).toBeGreaterThan(
        allowedSize(desired.spec, desired.replicas),
      );
      expect(surplusSince).toBeNull();
    });
  });

  test('an awake model keeps as many ready jobs as it wants, if it has them', () => {
    always((desired, seen, made) => {
      const wanted = { ...desired, ...made.patch };
      if (!wanted.registered || wanted.idle) return;
      const drained = new Set(of(made, 'drain').map((action) => 'jobId' in action && action.jobId));
      const ready = seen.jobs.filter(({ phase }) => phase === 'ready');
      const left = ready.filter(({ id }) => !drained.has(id)).length;
      const rests = made.because.includes('idle timeout: keeps min_replicas');
      const target = allowedSize(wanted.spec, rests ? 1 : wanted.replicas);
      expect(left).toBeGreaterThanOrEqual(Math.min(ready.length, target));
    });
  });
});

describe('a plan that was carried out', () => {
  test('is complete: looking again at once starts nothing and calls nothing off', () => {
    always((desired, seen, made) => {
      const again = plan(...carriedOut(desired, seen, made));
      expect(again.patch).toEqual({});
      // What was started may have filled a cluster: elsewhere a successor may be due by now.
      const isLimited = Object.keys(seen.room ?? {}).length > 0;
      const isDue = (action: Action) => 'successorOf' in action && action.successorOf !== null;
      expect(of(again, 'intend').filter((one) => !isLimited || !isDue(one))).toEqual([]);
      expect(of(again, 'submit')).toEqual([]);
      expect(of(again, 'cancel')).toEqual([]);
      expect(of(again, 'drain')).toEqual([]);
      // Proxies hear of a drain first; the next look asks those that nobody uses.
      const drained = jobsOf(of(made, 'drain'));
      expect(drained).toEqual(expect.arrayContaining([...jobsOf(of(again, 'askToEnd'))]));
    });
  });

  test('looks again in time: not after the moment at which its outcome would', () => {
    always((desired, seen, made) => {
      const again = plan(...carriedOut(desired, seen, made));
      expect(made.lookAgainAt).toBeLessThanOrEqual(again.lookAgainAt);
    });
  });
});
