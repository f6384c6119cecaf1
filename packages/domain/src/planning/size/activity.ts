import type { Job } from '../../vocabulary/job.ts';
import type { EpochMs } from '../../vocabulary/time.ts';
import { type Decision, requestsOf, type Scene } from '../scene.ts';
import { atRest } from './scaling.ts';

/** Whether a model is up, and what else follows from use and disuse. */
export interface Rest extends Decision {
  readonly awake: boolean;
  /** Up, but nobody has used it for its idle timeout: no more jobs than `minReplicas`. */
  readonly resting?: boolean;
}

/** Newest moment at which the model is known to have had a request; running and held ones count as now. */
function lastRequestAt({ model, demand, now }: Scene): EpochMs | null {
  if (demand === null) return model.lastRequestAt;
  const seen = demand.running + demand.held > 0 ? now : demand.lastRequestAt;
  if (seen === null) return model.lastRequestAt;
  return Math.max(Math.min(seen, now), model.lastRequestAt ?? Number.NEGATIVE_INFINITY);
}

/** Remembers the last request in the model, so that it outlives the demand board. */
export function rememberActivity(scene: Scene): Decision {
  const newest = lastRequestAt(scene);
  return newest === null || newest === scene.model.lastRequestAt
    ? {}
    : { patch: { lastRequestAt: newest } };
}

/**
 * Puts a model to sleep that nobody has used for its idle timeout, or lets it rest where some jobs are to be kept.
 *
 * The clock starts at the last wakeup or request, but not before the first job that answers the wakeup is
 * ready: a model that waits in a long queue for its first job keeps its place, and who woke it finds it
 * ready for a full timeout. Later jobs (handover, replacement) do not restart the clock. A model that
 * failed for good stays failed, with its reason: it holds no resources. Unknown demand is not idleness.
 */
export function decideRest(scene: Scene): Rest {
  const { model, demand, failures, now } = scene;
  if (model.idle) return { awake: false, because: ['asleep'] };

  const requests = requestsOf(demand);
  if (requests === null) return { awake: true, because: ['demand is unknown: stays awake'] };
  if (requests > 0) return { awake: true, because: ['has requests: stays awake'] };
  if (failures.gaveUp && scene.current.length === 0) {
    return { awake: true, because: ['failed: keeps its reason until woken'] };
  }
  const readyAt = firstReadyAt(scene);
  if (readyAt === null)
    return { awake: true, because: ['not ready since its wakeup: stays awake'] };

  const since = Math.max(wakeupOf(scene), readyAt, lastRequestAt(scene) ?? 0);
  const sleepsAt = since + model.spec.idleTimeoutSeconds * 1_000 + 1;
  if (now < sleepsAt) return { awake: true, because: ['used lately'], deadlines: [sleepsAt] };
  if (model.spec.minReplicas > 0) {
    return { awake: true, resting: true, because: ['idle timeout: keeps min_replicas'] };
  }
  return {
    awake: false,
    because: ['idle timeout: falls asleep'],
    patch: { idle: true, ...atRest(model, now) },
  };
}

/** When the model first was ready since its wakeup; null: not yet. */
function firstReadyAt(scene: Scene): EpochMs | null {
  const first = scene.jobs.find((job) => servedSince(job, wakeupOf(scene)));
  if (first === undefined) return null;
  return first.successorOf === null ? first.readyAt : wakeupOf(scene);
}

function servedSince(job: Job, wakeupAt: EpochMs): boolean {
  return job.readyAt !== null && (job.endedAt === null || job.endedAt >= wakeupAt);
}

function wakeupOf({ model }: Scene): EpochMs {
  return model.lastWakeupAt ?? model.createdAt;
}
