import type { Job, StartEstimate } from '../vocabulary/job.ts';
import type { DurationMs, EpochMs } from '../vocabulary/time.ts';
import {
  isWellKnown,
  remainderOf,
  type Spread,
  type StartHistory,
  spreadOf,
  type Trial,
} from './start-history.ts';

/** A cluster that plans does so in steps of half a minute and more (slurm.conf(5), bf_interval). */
const PLANNED_IN_STEPS_MS = 30_000;
/** How far plans slip, as a share of the time until then. */
const PLANS_SLIP = 0.1;
/** What a cluster says of a job that it does not have is worth less than what it says of one that it has. */
const TRIALS_SLIP = 0.25;

/** How long the next job waits. */
export interface ExpectedWait extends Spread {
  /** Enough others have waited to the end. */
  readonly isSure: boolean;
}

type Waiting = Pick<Job, 'submittedAt' | 'forecastAt'>;

/**
 * When a job that waits will start: by the cluster's own plan for it, else by how long others of its shape waited,
 * else by what the cluster said of such a job. Of two that know nothing, both say so.
 * @param job null: one that would be submitted now
 * @returns null when nobody knows
 */
export function estimateStart(
  job: Waiting | null,
  history: StartHistory | null,
  now: EpochMs,
): StartEstimate | null {
  const forecastAt = job?.forecastAt ?? null;
  if (forecastAt !== null && forecastAt > now)
    return { from: forecastAt, to: slipped(forecastAt, PLANS_SLIP, now), source: 'cluster' };
  const elapsed = Math.max(0, now - (job?.submittedAt ?? now));
  const remainder = remainderOf(history?.waits ?? [], elapsed);
  if (remainder !== null)
    return {
      from: Math.round(now + remainder.from),
      to: Math.round(now + remainder.to),
      source: 'history',
    };
  const trial = history?.trial ?? null;
  if (trial === null) return null;
  const from = Math.max(now, trial.startsAt);
  return { from, to: slipped(from, TRIALS_SLIP, now), source: 'trial' };
}

/**
 * How long the next job of this shape waits. While few waits are known, what the cluster said counts where it is
 * longer: a successor that comes early costs some overlap, one that comes late costs service.
 */
export function expectedWait(history: StartHistory | null, now: EpochMs): ExpectedWait | null {
  if (history === null) return null;
  const { waits, waitingSince, abandoned, trial } = history;
  const isSure = isWellKnown(history);
  const known = spreadOf(waits, [...waitingSince.map((since) => now - since), ...abandoned]);
  if (trial === null || isSure) return known === null ? null : { ...known, isSure };
  const told = waitTold(trial);
  return {
    typical: Math.max(told, known?.typical ?? 0),
    high: Math.max(told * (1 + TRIALS_SLIP), known?.high ?? 0),
    isSure,
  };
}

/** Times from a job's start to its engine being ready: those of this revision, where there are any. */
export function loadTimes(jobs: readonly Job[], revision: number): readonly DurationMs[] {
  const loaded = jobs.flatMap((job) =>
    job.readyAt === null || job.startedAt === null
      ? []
      : [{ revision: job.revision, took: Math.max(0, job.readyAt - job.startedAt) }],
  );
  const same = loaded.filter((load) => load.revision === revision);
  return (same.length > 0 ? same : loaded).map(({ took }) => took);
}

function waitTold({ askedAt, startsAt }: Trial): DurationMs {
  return Math.max(0, startsAt - askedAt);
}

function slipped(at: EpochMs, share: number, now: EpochMs): EpochMs {
  return Math.round(at + Math.max(PLANNED_IN_STEPS_MS, share * (at - now)));
}
