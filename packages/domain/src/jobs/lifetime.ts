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
 * When a job that serves is asked to end at the latest: a margin before its end, of a short life no more than a
 * twentieth.
 * @returns null when nobody knows its end
 */
export function servesUntil(
  job: Lifetime,
  { endMarginMs }: Pick<Policy, 'endMarginMs'>,
): EpochMs | null {
  if (job.endsAt === null) return null;
  return job.endsAt - Math.min(endMarginMs, Math.round(0.05 * givenTime(job)));
}
