import type { Job } from '../vocabulary/job.ts';
import type { Policy } from '../vocabulary/plan.ts';
import type { DurationMs, EpochMs } from '../vocabulary/time.ts';

type Lifetime = Pick<Job, 'startedAt' | 'endsAt' | 'walltimeSeconds'>;

/** What the cluster gives a job, which may be less than it asked for, or more. */
export function givenTime({ startedAt, endsAt, walltimeSeconds }: Lifetime): DurationMs {
  return startedAt === null || endsAt === null
    ? walltimeSeconds * 1_000
    : Math.max(0, endsAt - startedAt);
}

/**
 * How long before its end nobody counts on a job any more: of a short life no more than a twentieth. By the time that
 * it asked for, because by that drivers decide whether the cluster is to warn the job, and the warning has to come
 * within this margin whatever the cluster gives later.
 */
export function endMargin(
  { walltimeSeconds }: Pick<Job, 'walltimeSeconds'>,
  { endMarginMs }: Pick<Policy, 'endMarginMs'>,
): DurationMs {
  return Math.min(endMarginMs, Math.round(0.05 * walltimeSeconds * 1_000));
}

/**
 * When a job that serves is asked to end at the latest: a margin before its end.
 * @returns null when nobody knows its end
 */
export function servesUntil(
  job: Pick<Job, 'endsAt' | 'walltimeSeconds'>,
  policy: Pick<Policy, 'endMarginMs'>,
): EpochMs | null {
  return job.endsAt === null ? null : job.endsAt - endMargin(job, policy);
}
