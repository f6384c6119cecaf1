import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyHistory, anyModel, anyObserved, now } from '../../../test/arbitraries.ts';
import { hour, job, minute, model, observed, second, t0 } from '../../../test/builders.ts';
import {
  type Action,
  defaultPolicy,
  isLeaving,
  isLive,
  type Job,
  type Model,
  type Observed,
  reconcile,
  type StartHistory,
} from '../../index.ts';
import { survey } from '../survey.ts';
import { replaceAt } from './replace-at.ts';

const none: StartHistory = { waits: [], waitingSince: [], abandoned: [], trial: null };
const ten = (wait: number) => Array.from({ length: 10 }, () => wait);
const when = (
  one: Job,
  history: StartHistory | null = null,
  desired: Model = model(),
  others: readonly Job[] = [],
): number | null => {
  const seen = observed([one, ...others], { history: history === null ? {} : { c1: history } });
  return replaceAt(one, survey(desired, seen, defaultPolicy, t0 + minute));
};
/** One hour, ready two minutes after its start: a load that is known once counts twice. */
const serving = job('ready', { readyAt: t0 + 2 * minute });
const seedRule = t0 + 54 * minute;
/** A tenth of its life to finish its streams in, the margin before its end, and the longest setback. */
const takingOver = 6 * minute + 2 * minute + 30 * second;

describe('a job has a successor', () => {
  test.each<[string, StartHistory | null, number]>([
    [
      'by its load alone, where nothing is known of the queue',
      null,
      t0 + 60 * minute - 4 * minute - takingOver,
    ],
    [
      'by its load and the usual wait',
      { ...none, waits: ten(20 * minute) },
      t0 + 36 * minute - takingOver,
    ],
    [
      'by what the cluster said',
      { ...none, trial: { askedAt: t0, startsAt: t0 + 16 * minute } },
      t0 + 36 * minute - takingOver,
    ],
    [
      'not long before half of its time, however long a few have waited',
      { ...none, waits: [9 * hour], trial: { askedAt: t0, startsAt: t0 + 9 * hour } },
      t0 + 32 * minute - takingOver,
    ],
    [
      'nor on the word of those that still wait',
      { ...none, waitingSince: [t0 - 90 * hour] },
      t0 + 32 * minute - takingOver,
    ],
    [
      'not in its first quarter, however long others wait',
      { ...none, waits: ten(9 * hour) },
      t0 + 15 * minute,
    ],
  ])('%s', (_name, history, at) => {
    expect(when(serving, history)).toBe(at);
  });

  test('at the ratio at the latest', () => {
    const quick = job('ready', { readyAt: t0 });
    const early = model({}, { walltimeRatio: 0.8 });
    expect(when(quick, { ...none, waits: ten(0) }, early)).toBe(t0 + 48 * minute);
    expect(when(job('starting'))).toBe(seedRule);
  });

  test('never, where the model is not refreshed', () => {
    const still = model({}, { isRefreshing: false });
    expect(when(serving, { ...none, waits: ten(hour) }, still)).toBeNull();
    expect(when({ ...serving, nodeLeaving: true }, null, still)).toBeNull();
  });

  test('at once, where its node is taken out of service', () => {
    expect(when({ ...serving, nodeLeaving: true })).toBe(t0);
  });

  test('by the load of its own revision', () => {
    const slow = job('ended', { seq: 9, revision: 0, startedAt: t0, readyAt: t0 + hour });
    expect(when(serving, null, model(), [slow])).toBe(t0 + 56 * minute - takingOver);
  });

  test.each([1, 2, 3])('in a life of %d minutes', (minutes) => {
    const short = {
      walltimeSeconds: minutes * 60,
      endsAt: t0 + minutes * minute,
      readyAt: t0 + second,
    };
    const at = when(job('ready', short), { ...none, waits: ten(2 * second) });
    // Two seconds in the queue, two to load; a tenth, a twentieth and three twentieths of its life.
    expect(at).toBe(t0 + minutes * minute - 4 * second - minutes * (6 + 3 + 9) * second);
  });

  test('and stays due once it has one, though it was begun a little early as we know now', () => {
    const heir = job('queued', { seq: 2, successorOf: 'j1' });
    expect(when(serving, null, model(), [heir])).toBe(t0 + 15 * minute);
  });
});

describe('whatever is known', () => {
  const anyJob = fc
    .record({
      walltimeSeconds: fc.integer({ min: 60, max: 86_400 }),
      given: fc.option(fc.integer({ min: 0, max: 86_400 })),
      load: fc.integer({ min: 0, max: 3_600 }),
    })
    .map(({ walltimeSeconds, given, load }) =>
      job('ready', {
        walltimeSeconds,
        startedAt: t0,
        readyAt: t0 + load * second,
        endsAt: given === null ? null : t0 + given * second,
      }),
    );
  const at = (one: Job, desired: Model, history: Observed['history']) =>
    replaceAt(
      one,
      survey({ ...desired, cluster: 'c1' }, observed([one], { history }), defaultPolicy, now),
    );

  test('it is a moment, not after the seed rule, and not in the first quarter unless that is', () => {
    fc.assert(
      fc.property(anyJob, anyModel, anyHistory, (one, desired, history) => {
        const { isRefreshing, walltimeRatio } = desired.spec;
        const due = at(one, desired, { c1: history });
        if (!isRefreshing) expect(due).toBeNull();
        if (due === null) return;
        const walltime = one.walltimeSeconds * second;
        const end = one.endsAt ?? t0 + walltime;
        const given = end - t0;
        const seed =
          end - Math.min((1 - walltimeRatio) * walltime, Math.max(1 - walltimeRatio, 0.5) * given);
        expect(Number.isFinite(due)).toBe(true);
        expect(due).toBeLessThanOrEqual(Math.ceil(seed));
        expect(due).toBeGreaterThanOrEqual(Math.floor(Math.min(seed, t0 + given / 4)));
      }),
    );
  });

  test('longer waits never make it later', () => {
    fc.assert(
      fc.property(anyJob, anyModel, anyHistory, fc.nat(3_600), (one, desired, history, more) => {
        const longer = { ...history, waits: history.waits.map((wait) => wait + more * second) };
        const before = at(one, desired, { c1: history }) ?? 0;
        expect(at(one, desired, { c1: longer }) ?? 0).toBeLessThanOrEqual(before);
      }),
    );
  });

  test('a single wait of a month moves it by little, ended or not, where some are known', () => {
    const month = 30 * 24 * hour;
    const others = fc.array(fc.integer({ min: 0, max: 4 * hour }), { minLength: 5, maxLength: 25 });
    const strays = fc.constantFrom<(known: readonly number[]) => Partial<StartHistory>>(
      (waits) => ({ waits: [...waits, month] }),
      (waits) => ({ waits, waitingSince: [now - month] }),
      (waits) => ({ waits, abandoned: [month] }),
    );
    fc.assert(
      fc.property(anyJob, anyModel, others, strays, (one, desired, waits, stray) => {
        const before = at(one, desired, { c1: { ...none, waits } }) ?? 0;
        const after = at(one, desired, { c1: { ...none, ...stray(waits) } }) ?? 0;
        const longest = Math.max(10 * minute, 2 * Math.max(...waits));
        expect(before - after).toBeLessThanOrEqual(1.2 * longest);
      }),
    );
  });

  test('a job has one successor at most', () => {
    const succeeded = (actions: readonly Action[]) =>
      actions.flatMap((action) => (action.kind === 'intend' ? [action.successorOf] : []));
    fc.assert(
      fc.property(anyModel, anyObserved, (desired, seen) => {
        const leaving = seen.jobs.map((one) => ({ ...one, nodeLeaving: true }));
        const { actions } = reconcile(desired, { ...seen, jobs: leaving }, defaultPolicy, now);
        const parents = succeeded(actions).filter((id) => id !== null);
        expect(new Set(parents).size).toBe(parents.length);
        const current = leaving.filter((one) => isLive(one) && !isLeaving(one));
        expect(parents.length).toBeLessThanOrEqual(current.length);
      }),
    );
  });
});

describe('a node that is drained', () => {
  const used = {
    demand: {
      isWhole: true,
      running: 1,
      held: 0,
      average: 1,
      peak: 1,
      lastRequestAt: null,
      runningByJob: { j1: 1 },
    },
  };
  const plan = (jobs: readonly Job[]) =>
    reconcile(model(), observed(jobs, used), defaultPolicy, t0 + 3 * minute).actions;
  const leaving = { ...serving, nodeLeaving: true };
  const heir = (phase: Job['phase'], over: Partial<Job> = {}) =>
    job(phase, { seq: 2, successorOf: 'j1', clusterJobId: '7', ...over });

  test('its job has a successor at once, and one only', () => {
    expect(plan([serving])).toEqual([]);
    expect(plan([leaving])).toMatchObject([{ kind: 'intend', successorOf: 'j1' }]);
    for (const phase of ['intended', 'queued', 'starting'] as const)
      expect(plan([leaving, heir(phase)])).toEqual([]);
  });

  test('its job serves until the successor does', () => {
    expect(plan([leaving, heir('ready')])).toMatchObject([{ kind: 'drain', jobId: 'j1' }]);
  });

  test('that comes back calls off a successor that still waits', () => {
    expect(plan([serving, heir('queued')])).toEqual([{ kind: 'cancel', jobId: 'j2' }]);
  });
});
