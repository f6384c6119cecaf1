import type { EpochMs, JobName, JobSighting } from '@wakefield/domain';

/** Whole seconds, and the time that an answer is under way, look like this much without any clock being off. */
const TOLERATED_MS = 5_000;

/**
 * How much our clock is ahead of the cluster's, in whole seconds. What was found before stands for as long as it can
 * be true: a figure that moved with every answer would move every start and end that the cluster tells, too.
 * @param kept what was found before; 0 at first
 * @param told the cluster's clock in epoch seconds, as text, read at some time before we heard it
 * @param askedAt our clock before the question
 * @param heardAt and after the answer
 */
export function clockSkew(
  kept: number,
  told: string | undefined,
  askedAt: EpochMs,
  heardAt: EpochMs,
): number {
  if (told === undefined || !/^\d{9,11}$/.test(told)) return kept;
  const clusterNow = Number(told) * 1_000;
  const least = askedAt - (clusterNow + 1_000);
  const most = heardAt - clusterNow;
  if (kept >= least - TOLERATED_MS && kept <= most + TOLERATED_MS) return kept;
  return Math.round((least + most) / 2_000) * 1_000;
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
