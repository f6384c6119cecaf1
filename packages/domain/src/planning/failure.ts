import { givenTime } from '../jobs/lifetime.ts';
import type { ClusterName } from '../vocabulary/ids.ts';
import { isLive, type Job } from '../vocabulary/job.ts';
import { clustersOf, type Model } from '../vocabulary/model.ts';
import type { Policy } from '../vocabulary/plan.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import type { View } from './scene.ts';

/** What went wrong with a model's newest jobs, and what follows from it. */
export interface Failures {
  /** For people: what went wrong last; null when nothing did. */
  readonly reason: string | null;
  /** No new jobs until someone wakes the model, but for successors of jobs whose walltime runs out. */
  readonly gaveUp: boolean;
  /** From when on a job may be started again on a cluster where something went wrong. */
  readonly retryAt: ReadonlyMap<ClusterName, EpochMs>;
  /** Clusters where something went wrong since the last wakeup, and no job has served well since. */
  readonly doubtful: ReadonlySet<ClusterName>;
  /** Of these, the ones where it failed in a way that is likely to come again: the number of the newest such job. */
  readonly failedAt: ReadonlyMap<ClusterName, number>;
  /** Of these, the ones that have used up their tries. */
  readonly spent: ReadonlySet<ClusterName>;
}

/**
 * How many of a model's newest ended jobs have to be known on each of its clusters: a first try of as many as it wants,
 * with a rival, and one job for each of the others. Counted by cluster: what ends on one must not hide what failed on
 * another.
 */
export function endedToJudge(
  { maxReplicas }: Pick<Model['spec'], 'maxReplicas'>,
  { maxFailures }: Pick<Policy, 'maxFailures'>,
): number {
  return maxReplicas + 1 + maxFailures;
}

/** What went wrong on one cluster. */
interface Trouble {
  readonly cluster: ClusterName;
  readonly retryAt: EpochMs;
  /** Jobs that ended before they had proven themselves, newest first. */
  readonly setbacks: readonly Job[];
  /** Those of them that are likely to come again. */
  readonly failed: readonly Job[];
  readonly tries: number;
  /** Comes again however often it is tried. */
  readonly hopeless: Job | null;
  readonly isSpent: boolean;
}

/**
 * Looks at the newest jobs on each cluster since the last wakeup, back to the first that served well there: that one
 * cluster fails says nothing of the next. Every job that ended before it was ready makes the next try wait longer.
 * Only failures, which would come again, lead to giving a cluster up: after a few of them in a row, or at once where
 * trying again is no use. What the cluster took away or had no room for does not, nor what failed while another job
 * served there. With the last of its clusters the model is given up.
 */
export function judgeFailures(view: View): Failures {
  const names = clustersOf(view.model);
  const troubles = names.map((name) => judgeCluster(name, view)).filter((one) => one !== null);
  const doubtful = troubles.filter(({ setbacks }) => setbacks.length > 0);
  const spent = doubtful.filter(({ isSpent }) => isSpent);
  const gaveUp = spent.length === names.length;
  return {
    reason: reasonOf(view, doubtful, gaveUp),
    gaveUp,
    retryAt: new Map(troubles.map(({ cluster, retryAt }) => [cluster, retryAt])),
    doubtful: new Set(doubtful.map(({ cluster }) => cluster)),
    failedAt: new Map(
      doubtful.flatMap(({ cluster, failed }) =>
        failed.slice(0, 1).map(({ seq }) => [cluster, seq]),
      ),
    ),
    spent: new Set(spent.map(({ cluster }) => cluster)),
  };
}

function judgeCluster(cluster: ClusterName, view: View): Trouble | null {
  const { policy } = view;
  const there = view.jobs.filter((job) => job.cluster === cluster);
  const trailing = trailingSetbacks(there, view);
  const newest = trailing[0];
  if (newest === undefined) return null;
  const setbacks = upTo(trailing, (job) => endedBeforeWakeup(job, view));
  const servedUntil = lastServiceEnd(there, view);
  const failed = setbacks.filter((job) => isFailure(job) && endOf(job) >= servedUntil);
  const hopeless = failed.find((job) => isHopeless(job, view)) ?? null;
  const tries = triesOf(failed, view);
  // A wakeup forgives what was, but for the shortest wait: the clocks of two schedulers differ, and by one that is
  // ahead every job would have ended before the wakeup, to be started again at once.
  const waits = Math.max(1, triesOf(setbacks, view));
  const backoff = policy.backoffMs[Math.min(waits, policy.backoffMs.length) - 1] ?? 0;
  return {
    cluster,
    retryAt: Math.max(...trailing.map(endOf)) + backoff,
    setbacks,
    failed,
    tries,
    hopeless,
    isSpent: hopeless !== null || tries >= policy.maxFailures,
  };
}

/**
 * How often it was tried, one after the other. Jobs that were under way together are one try, and so are those of one
 * plan, which end in a moment where they are refused: nothing is started before the shortest wait is over.
 */
function triesOf(setbacks: readonly Job[], { policy }: View): number {
  let tries = 0;
  let nextFrom = Number.NEGATIVE_INFINITY;
  for (const job of [...setbacks].sort((a, b) => endOf(a) - endOf(b))) {
    if (job.intendedAt < nextFrom) continue;
    tries += 1;
    nextFrom = endOf(job) + (policy.backoffMs[0] ?? 0);
  }
  return tries;
}

function reasonOf(view: View, doubtful: readonly Trouble[], gaveUp: boolean): string | null {
  const newest = newestOf(doubtful.flatMap(({ setbacks }) => setbacks));
  if (newest === null || hasServedSince(newest, view)) return null;
  const hopeless = newestOf(doubtful.flatMap((one) => one.hopeless ?? []));
  const failed = newestOf(doubtful.flatMap((one) => one.failed));
  if (!gaveUp && isMadeUpFor(newest, view)) return null;
  if (gaveUp) return (hopeless ?? failed)?.reason ?? 'Its jobs failed without a reason.';
  // A job that came after it says better what is awaited now.
  if (failed === null) return newest === view.jobs.at(-1) ? newest.reason : null;
  const words = failed.reason ?? 'no reason is known';
  const where = clustersOf(view.model).length > 1 ? ` on ${failed.cluster}` : '';
  const tries = doubtful.find(({ cluster }) => cluster === failed.cluster)?.tries;
  return `Failed ${tries} of ${view.policy.maxFailures} times${where}: ${words}`;
}

/** Wherever: what failed on another cluster before that is in nobody's way. */
function hasServedSince({ seq }: Job, view: View): boolean {
  return view.jobs.some((job) => job.seq > seq && wasStable(job, view));
}

/**
 * Whether a job that was started because of it answers. It counts until that one has proven itself, but people ask what
 * is wrong now.
 */
function isMadeUpFor(setback: Job, { current }: View): boolean {
  return current.some((job) => job.phase === 'ready' && job.intendedAt >= endOf(setback));
}

function newestOf(jobs: readonly Job[]): Job | null {
  return jobs.reduce<Job | null>(
    (newest, job) => (newest === null || job.seq > newest.seq ? job : newest),
    null,
  );
}

/** Of a model as it is now. Where its engine has worked before, a node may be at fault that it was not set up. */
function isHopeless(
  { outcome, revision, cluster, walltimeSeconds }: Job,
  { model, jobs }: View,
): boolean {
  // Another walltime makes no other revision.
  if (revision !== model.revision || walltimeSeconds !== model.spec.walltimeSeconds) return false;
  if (outcome !== 'not_set_up') return outcome === 'refused';
  return !jobs.some(
    (job) => job.revision === revision && job.cluster === cluster && job.readyAt !== null,
  );
}

/** Back to the one that served well, newest first. */
function trailingSetbacks(jobs: readonly Job[], view: View): readonly Job[] {
  const setbacks: Job[] = [];
  for (const job of jobs.toReversed()) {
    const verdict = verdictOn(job, view);
    if (verdict === 'skipped') continue;
    if (verdict === 'served') break;
    setbacks.push(job);
    if (wasStable(job, view)) break;
  }
  return setbacks;
}

function upTo(jobs: readonly Job[], isPast: (job: Job) => boolean): readonly Job[] {
  const first = jobs.findIndex(isPast);
  return first < 0 ? jobs : jobs.slice(0, first);
}

function verdictOn(job: Job, view: View): 'setback' | 'served' | 'skipped' {
  if (isLive(job)) return wasStable(job, view) ? 'served' : 'skipped';
  if (job.outcome === 'as_asked') return job.readyAt === null ? 'skipped' : 'served';
  return isFailure(job) || job.readyAt === null ? 'setback' : 'served';
}

/** Ended in a way that is likely to come again. */
function isFailure({ outcome, readyAt }: Job): boolean {
  switch (outcome) {
    case 'failed':
    case 'not_set_up':
    case 'refused':
    case 'lost':
    case 'cancelled':
      return true;
    case 'timeout':
      return readyAt === null;
    default:
      return false;
  }
}

/** When the last job that had proven itself ended; what failed beside it did no harm and proves nothing. */
function lastServiceEnd(jobs: readonly Job[], view: View): EpochMs {
  const served = jobs.filter((job) => !isLive(job) && wasStable(job, view));
  return Math.max(Number.NEGATIVE_INFINITY, ...served.map(endOf));
}

/**
 * A crash loop with short spells of service must still end; a crash after days of service is just one. Half of a short
 * life is as much as one can ask of it: it has to load and to be handed over, too.
 */
function wasStable(job: Job, { now, policy }: View): boolean {
  if (job.readyAt === null) return false;
  const until = isLive(job) ? now : endOf(job);
  return until - job.readyAt >= Math.min(policy.stableAfterMs, givenTime(job) / 2);
}

function endedBeforeWakeup(job: Job, { model }: View): boolean {
  return model.lastWakeupAt !== null && endOf(job) < model.lastWakeupAt;
}

function endOf(job: Job): EpochMs {
  return job.endedAt ?? job.intendedAt;
}
