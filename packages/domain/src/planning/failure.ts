import type { ClusterName } from '../vocabulary/ids.ts';
import { isLive, type Job } from '../vocabulary/job.ts';
import { clustersOf } from '../vocabulary/model.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import type { Scene } from './scene.ts';

/** What went wrong with a model's newest jobs, and what follows from it. */
export interface Failures {
  /** For people: what went wrong last; null when nothing did. */
  readonly reason: string | null;
  /** No new jobs until someone wakes the model, but for successors of jobs whose walltime runs out. */
  readonly gaveUp: boolean;
  /** Clusters on which something went wrong lately, and from when on a job may be started there again. */
  readonly retryAt: ReadonlyMap<ClusterName, EpochMs>;
}

/**
 * Looks at the newest jobs since the last wakeup, back to the first that served well. Every one that ended
 * before it was ready makes the next try wait longer. Only failures, which would come again, lead to giving
 * up: after a few of them, or at once where trying again is no use. What the cluster took away or had no room for
 * does not, nor what failed while another job served.
 */
export function judgeFailures(scene: Scene): Failures {
  const setbacks = trailingSetbacks(scene);
  const newest = setbacks[0];
  if (newest === undefined) return { reason: null, gaveUp: false, retryAt: new Map() };

  const { maxFailures } = scene.policy;
  const servedUntil = lastServiceEnd(scene);
  const failed = setbacks.filter((job) => isFailure(job) && endOf(job) >= servedUntil);
  const hopeless = hopelessJob(scene, failed);
  const gaveUp = hopeless !== null || failed.length >= maxFailures;
  return {
    reason: hopeless?.reason ?? reasonOf(scene, newest, failed, gaveUp),
    gaveUp,
    retryAt: retriesOf(setbacks, scene),
  };
}

/** Each cluster backs off by itself: that one refuses says nothing of the next. */
function retriesOf(setbacks: readonly Job[], { policy }: Scene): Failures['retryAt'] {
  const clusters = new Set(setbacks.map(({ cluster }) => cluster));
  return new Map(
    [...clusters].map((name) => {
      const there = setbacks.filter(({ cluster }) => cluster === name);
      const backoff = policy.backoffMs[Math.min(there.length, policy.backoffMs.length) - 1] ?? 0;
      return [name, Math.max(...there.map(endOf)) + backoff];
    }),
  );
}

function reasonOf(
  scene: Scene,
  newest: Job,
  [failed, ...earlier]: readonly Job[],
  gaveUp: boolean,
): string | null {
  if (failed !== undefined) {
    const words = failed.reason ?? 'no reason is known';
    if (gaveUp) return failed.reason ?? 'Its jobs failed without a reason.';
    const where = clustersOf(scene.model).length > 1 ? ` (last on ${failed.cluster})` : '';
    return `Failed ${earlier.length + 1} of ${scene.policy.maxFailures} times${where}: ${words}`;
  }
  // A job that came after it says better what is awaited now.
  return newest === scene.jobs.at(-1) ? newest.reason : null;
}

/**
 * The newest failure that comes again however often it is tried, if there is one on each cluster that the model may
 * run on; null while something may still work.
 */
function hopelessJob(scene: Scene, failed: readonly Job[]): Job | null {
  const hopeless = failed.filter((job) => isHopeless(job, scene));
  const everywhere = clustersOf(scene.model).every((name) =>
    hopeless.some((job) => job.cluster === name),
  );
  return everywhere ? (hopeless[0] ?? null) : null;
}

/** Of a model as it is now. Where its engine has worked before, a node may be at fault that it was not set up. */
function isHopeless(
  { outcome, revision, cluster, walltimeSeconds }: Job,
  { model, jobs }: Scene,
): boolean {
  // Another walltime makes no other revision.
  if (revision !== model.revision || walltimeSeconds !== model.spec.walltimeSeconds) return false;
  if (outcome !== 'not_set_up') return outcome === 'refused';
  return !jobs.some(
    (job) => job.revision === revision && job.cluster === cluster && job.readyAt !== null,
  );
}

/** Newest first. */
function trailingSetbacks(scene: Scene): readonly Job[] {
  const setbacks: Job[] = [];
  for (const job of scene.jobs.toReversed()) {
    const verdict = verdictOn(job, scene);
    if (verdict === 'skipped') continue;
    if (verdict === 'served' || endedBeforeWakeup(job, scene)) break;
    setbacks.push(job);
    if (wasStable(job, scene)) break;
  }
  return setbacks;
}

function verdictOn(job: Job, scene: Scene): 'setback' | 'served' | 'skipped' {
  if (isLive(job)) return wasStable(job, scene) ? 'served' : 'skipped';
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
function lastServiceEnd(scene: Scene): EpochMs {
  const served = scene.jobs.filter((job) => !isLive(job) && wasStable(job, scene));
  return Math.max(Number.NEGATIVE_INFINITY, ...served.map(endOf));
}

/** A crash loop with short spells of service must still end; a crash after days of service is just one. */
function wasStable(job: Job, scene: Scene): boolean {
  const until = isLive(job) ? scene.now : endOf(job);
  return job.readyAt !== null && until - job.readyAt >= scene.policy.stableAfterMs;
}

function endedBeforeWakeup(job: Job, { model }: Scene): boolean {
  return model.lastWakeupAt !== null && endOf(job) < model.lastWakeupAt;
}

function endOf(job: Job): EpochMs {
  return job.endedAt ?? job.intendedAt;
}
