import { isLeaving, isLive, type Job } from '../vocabulary/job.ts';
import type { Model } from '../vocabulary/model.ts';
import type { Observed, Policy } from '../vocabulary/plan.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import { isAbsent } from './absence.ts';
import { judgeFailures } from './failure.ts';
import type { Scene, View } from './scene.ts';

/** Puts the jobs into the order of their numbers, so that no decision hangs on the order of a query. */
export function survey(model: Model, observed: Observed, policy: Policy, now: EpochMs): Scene {
  const jobs = [...observed.jobs].sort(bySeq);
  const current = jobs.filter((job) => isLive(job) && !isLeaving(job));
  const view: View = {
    model,
    policy,
    now,
    demand: observed.demand,
    jobs,
    current,
    leaving: jobs.filter(isLeaving),
    clusters: observed.clusters,
    history: observed.history,
    answering: observed.answering,
    room: observed.room ?? {},
  };
  return {
    ...view,
    present: current.filter((job) => !isAbsent(job, view)),
    failures: judgeFailures(view),
  };
}

/** Oldest first; total, because ids differ. */
function bySeq(a: Job, b: Job): number {
  return a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
