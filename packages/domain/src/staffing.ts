import type { Failures } from './failure.ts';
import { needSuccessor, type Selection, select, sortOut } from './handover.ts';
import type { JobId } from './ids.ts';
import type { Job } from './job.ts';
import type { Action } from './plan.ts';
import { replaceAt } from './replace-at.ts';
import { type Decision, isReachable, type Scene } from './scene.ts';

/** Which jobs to start and which to end. */
export interface Staffing extends Decision {
  readonly unwanted: readonly Job[];
}

/** Brings the number of jobs towards `wanted`, replacing before ending. */
export function staff(scene: Scene, wanted: number, failures: Failures): Staffing {
  const selection = select(sortOut(scene), wanted, scene);
  const kept = [...selection.fresh, ...selection.replaceable];
  const started = start(scene, openings(selection, wanted, scene), failures);
  return {
    unwanted: selection.unwanted,
    actions: [...submissions(kept, scene), ...(started.actions ?? [])],
    because: started.because ?? [],
    deadlines: [
      ...(started.deadlines ?? []),
      ...kept.map((job) => replaceAt(job, scene)).filter((at) => at !== null),
    ],
  };
}

/**
 * An unregistered model's jobs go on until they end by themselves. Only what is not known to be on the
 * cluster is called off: nothing runs for it.
 */
export function letGo(scene: Scene): Staffing {
  const unwanted = scene.current.filter(
    ({ phase, clusterJobId }) => phase === 'intended' && clusterJobId === null,
  );
  return { unwanted };
}

/** One entry per job to start: the job that it succeeds, or null. */
function openings(selection: Selection, wanted: number, scene: Scene): readonly (JobId | null)[] {
  const missing = Math.max(0, wanted - selection.fresh.length);
  const plain = Math.max(0, missing - selection.replaceable.length);
  const successors = needSuccessor(selection, scene).slice(0, missing - plain);
  return [...successors.map(({ id }) => id), ...Array.from({ length: plain }, () => null)];
}

function start(scene: Scene, open: readonly (JobId | null)[], failures: Failures): Decision {
  if (open.length === 0) return {};
  const allowed = failures.gaveUp ? open.filter((of) => keepsServing(of, scene)) : open;
  if (allowed.length === 0) return { because: ['failed too often: starts nothing until woken'] };
  if (!isReachable(scene, scene.model.cluster)) {
    return { because: ['the cluster does not answer: starts nothing'] };
  }
  if (failures.retryAt !== null) {
    return { because: ['failed lately: waits before the next try'], deadlines: [failures.retryAt] };
  }
  const lastSeq = Math.max(0, ...scene.jobs.map(({ seq }) => seq));
  const actions = allowed.map(
    (successorOf, index): Action => ({
      kind: 'intend',
      seq: lastSeq + 1 + index,
      cluster: scene.model.cluster,
      successorOf,
    }),
  );
  const because = allowed.map((of) =>
    of === null ? 'a job is missing: starts one' : 'a job needs a successor: starts one',
  );
  return { actions, because: [...new Set(because)] };
}

/** Whether a model that serves would be down at the end of a walltime without this successor. */
function keepsServing(successorOf: JobId | null, scene: Scene): boolean {
  const job = scene.current.find(({ id }) => id === successorOf);
  if (job?.phase !== 'ready') return false;
  return (replaceAt(job, scene) ?? Number.POSITIVE_INFINITY) <= scene.now;
}

/** Jobs whose submission was cut short: look for them by name, submit those that are not there. */
function submissions(kept: readonly Job[], scene: Scene): readonly Action[] {
  return kept
    .filter(({ phase, clusterJobId }) => phase === 'intended' && clusterJobId === null)
    .filter(({ cluster }) => isReachable(scene, cluster))
    .map(({ id }): Action => ({ kind: 'submit', jobId: id }));
}
