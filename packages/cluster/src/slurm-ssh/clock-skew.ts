import type { EpochMs, JobName, JobSighting } from '@wakefield/domain';

/** Whole seconds, and the time that an answer is under way, look like this much without any clock being off. */
const TOLERATED_MS = 5_000;

/**
 * How much our clock is ahead of the cluster's, for times that it tells; 0 where it is not worth mentioning.
 * @param told the cluster's clock in epoch seconds, as text; unreadable: taken for ours
 * @param askedAt our clock before the question
 * @param heardAt and after the answer
 */
export function clockSkew(told: string | undefined, askedAt: EpochMs, heardAt: EpochMs): number {
  if (told === undefined || !/^\d{9,11}$/.test(told)) return 0;
  const clusterNow = Number(told) * 1_000;
  // The answer was given at some time between the two.
  const ahead = Math.max(askedAt - clusterNow, 0) + Math.min(heardAt - clusterNow, 0);
  return Math.abs(ahead) <= TOLERATED_MS ? 0 : ahead;
}

/** Everything that was seen, with the cluster's times by our clock: ends and starts are compared with it. */
export function byOurClock(
  seen: ReadonlyMap<JobName, JobSighting>,
  skewMs: number,
): ReadonlyMap<JobName, JobSighting> {
  if (skewMs === 0) return seen;
  return new Map([...seen].map(([name, sighting]) => [name, shifted(sighting, skewMs)]));
}

function shifted(sighting: JobSighting, skewMs: number): JobSighting {
  const { clusterJob, exit } = sighting;
  const at = (time: EpochMs | null) => (time === null ? null : time + skewMs);
  return {
    ...sighting,
    clusterJob: clusterJob && {
      ...clusterJob,
      submittedAt: at(clusterJob.submittedAt),
      startedAt: at(clusterJob.startedAt),
      endsAt: at(clusterJob.endsAt),
      forecastAt: at(clusterJob.forecastAt),
    },
    exit: exit && { ...exit, at: exit.at + skewMs },
  };
}
