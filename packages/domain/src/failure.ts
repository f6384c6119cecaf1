import { isLive, type Job } from './job.ts';
import type { Scene } from './scene.ts';
import type { EpochMs } from './time.ts';

/** How often a model failed in a row, and what follows from it. */
export interface Failures {
  readonly count: number;
  /** Words of the newest failure; null without one. */
  readonly reason: string | null;
  /** No new jobs until someone wakes the model. */
  readonly gaveUp: boolean;
  /** No new jobs before this moment; null: at once. */
  readonly retryAt: EpochMs | null;
}

/**
 * Counts the newest jobs that failed since the last wakeup, back to the first that served well. Jobs that
 * the cluster took away, that we ended ourselves or that have yet to show what they can do are skipped.
 */
export function judgeFailures(scene: Scene): Failures {
  const failed = trailingFailures(scene);
  const newest = failed[0];
  if (newest === undefined) return { count: 0, reason: null, gaveUp: false, retryAt: null };

  const { maxFailures, backoffMs } = scene.policy;
  const count = failed.length;
  const backoff = backoffMs[Math.min(count, backoffMs.length) - 1] ?? 0;
  const lastEnd = Math.max(...failed.map(endOf));
  return {
    count,
    reason: newest.reason,
    gaveUp: count >= maxFailures,
    retryAt: lastEnd + backoff > scene.now ? lastEnd + backoff : null,
  };
}

/** Newest first. */
function trailingFailures(scene: Scene): readonly Job[] {
  const failed: Job[] = [];
  for (const job of scene.jobs.toReversed()) {
    const verdict = verdictOn(job, scene);
    if (verdict === 'skipped') continue;
    if (verdict === 'served' || endedBeforeWakeup(job, scene)) break;
    failed.push(job);
    if (wasStable(job, scene)) break;
  }
  return failed;
}

function verdictOn(job: Job, scene: Scene): 'failed' | 'served' | 'skipped' {
  if (isLive(job)) return wasStable(job, scene) ? 'served' : 'skipped';
  switch (job.outcome) {
    case 'failed':
    case 'refused':
    case 'lost':
    case 'cancelled':
      return 'failed';
    case 'timeout':
      return job.readyAt === null ? 'failed' : 'served';
    default:
      return job.readyAt === null ? 'skipped' : 'served';
  }
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
