import { endMargin } from '../../jobs/lifetime.ts';
import { loadTimes } from '../../starts/start-estimate.ts';
import { spreadOf } from '../../starts/start-history.ts';
import type { Job } from '../../vocabulary/job.ts';
import type { DurationMs, EpochMs } from '../../vocabulary/time.ts';
import type { Scene } from '../scene.ts';
import { drainTime } from './end-jobs.ts';
import { nextWait } from './pick-cluster.ts';

/**
 * From when on a job has a successor: early enough for it to wait, to load and to take over, by what is known of
 * that; at `walltimeRatio` of the walltime at the latest. Counted back from the end that the cluster names.
 *
 * Never in the first quarter of what the cluster gives, so that a successor of a job that waits or loads for
 * longer than it lives does not breed the next one at once; nor, where nothing was learned, in the first half: a job
 * that got much less than it asked for would be due before it began. A job whose node is being taken out of service
 * is due at once. One that has a successor stays due, even if it was started a little early as we know now.
 * @returns null: never, or not started
 */
export function replaceAt(job: Job, scene: Scene): EpochMs | null {
  const { isRefreshing, walltimeRatio } = scene.model.spec;
  if (!isRefreshing) return null;
  const walltimeMs = job.walltimeSeconds * 1_000;
  const endsAt = job.endsAt ?? (job.startedAt === null ? null : job.startedAt + walltimeMs);
  if (endsAt === null) return null;
  const startedAt = job.startedAt ?? endsAt - walltimeMs;
  if (job.nodeLeaving) return startedAt;
  const given = Math.max(0, endsAt - startedAt);
  const atLatest = Math.min(
    (1 - walltimeRatio) * walltimeMs,
    (1 - Math.min(walltimeRatio, 0.5)) * given,
  );
  const longest = (1 - EARLIEST) * given;
  const learned = hasHeir(job, scene) ? longest : Math.min(leadOf(job, given, scene), longest);
  return endsAt - Math.round(Math.max(atLatest, learned));
}

/** Share of a job's time before which it has no successor for all that its successor is expected to take. */
const EARLIEST = 0.25;
/** Share of a job's time that its successor is expected to wait at most while few others have waited to the end. */
const LONGEST_UNSURE = 0.4;

/** Share of a short life that is spent on the chance that something stands still in the middle of its handover. */
const LONGEST_SETBACK = 0.15;

/** How long before its end a job's successor has to be submitted to be there in time; 0 where nothing is known. */
function leadOf(job: Job, given: DurationMs, scene: Scene): DurationMs {
  const { jobs, model, policy } = scene;
  const wait = nextWait(scene);
  const load = spreadOf(loadTimes(jobs, model.revision));
  if (wait === null && load === null) return 0;
  const high = wait?.high ?? 0;
  // Successors that come too early make the queue longer that is waited for: not on the word of a few.
  const waits = wait?.isSure === true ? high : Math.min(high, LONGEST_UNSURE * given);
  const setback = Math.min(policy.setbackMs, Math.round(LONGEST_SETBACK * given));
  const takesOver = drainTime(job, policy) + endMargin(job, policy);
  return waits + (load?.high ?? 0) + setback + takesOver;
}

/** Whether its successor is on its way. */
export function hasHeir(job: Job, { current }: Scene): boolean {
  return current.some(({ successorOf }) => successorOf === job.id);
}
