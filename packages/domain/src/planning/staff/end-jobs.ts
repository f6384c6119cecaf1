import { givenTime, servesUntil } from '../../jobs/lifetime.ts';
import type { Job } from '../../vocabulary/job.ts';
import type { Action, Policy } from '../../vocabulary/plan.ts';
import type { DurationMs, EpochMs } from '../../vocabulary/time.ts';
import { type Decision, isReachable, runningOn, type Scene } from '../scene.ts';

/** Steps that bring unwanted and leaving jobs to their end, gently first. */
export function endJobs(scene: Scene, unwanted: readonly Job[]): readonly Decision[] {
  return [...unwanted, ...scene.leaving].map((job) => endJob(job, scene));
}

function endJob(job: Job, scene: Scene): Decision {
  switch (job.phase) {
    case 'ready':
      return drain(job, scene);
    case 'draining':
      return finish(job, scene);
    default:
      return cancel(job, scene, job.cancelledAt);
  }
}

/** Time that a successor leaves a job to finish its streams in: of a short life no more than a tenth. */
export function drainTime(job: Job, { drainTimeoutMs }: Policy): DurationMs {
  return Math.min(drainTimeoutMs, Math.round(0.1 * givenTime(job)));
}

/** Our own bookkeeping: needs no cluster. */
function drain(job: Job, scene: Scene): Decision {
  const until = Math.max(scene.now, latestDrain(job, scene));
  return {
    actions: [{ kind: 'drain', jobId: job.id, until }],
    because: ['an unwanted job drains'],
    deadlines: [until, scene.now + scene.policy.lookSoonMs],
  };
}

/**
 * Until when a job may finish its streams that drains from now on: where another one takes its place, or it is one too
 * many, until shortly before its end. What a person wants ended does not wait for that, nor what has no end.
 */
function latestDrain(job: Job, { model, now, policy }: Scene): EpochMs {
  const end = servesUntil(job, policy);
  const bounded = now + policy.drainTimeoutMs;
  if (end === null) return bounded;
  return model.idle || model.stopRequested ? Math.min(end, bounded) : end;
}

/**
 * Waits for its streams, or for the deadline where nobody knows of them; then asks; then insists. A deadline that is
 * too late by what is wanted or known now comes earlier.
 */
function finish(job: Job, scene: Scene): Decision {
  const { now, policy } = scene;
  const told = job.drainUntil ?? now;
  const deadline = Math.min(told, latestDrain(job, scene));
  if (now < deadline && runningOn(scene.demand, job.id) !== 0) {
    if (deadline < told) return drain(job, scene);
    return {
      because: ['a draining job finishes its requests'],
      deadlines: [deadline, now + policy.lookSoonMs],
    };
  }
  if (job.endAskedAt !== null) return cancel(job, scene, later(job.endAskedAt, job.cancelledAt));
  if (!isReachable(scene, job.cluster)) return waitForCluster;
  return {
    actions: [{ kind: 'askToEnd', jobId: job.id }],
    because: ['a drained job is asked to end'],
    deadlines: [now + policy.endGraceMs],
  };
}

/** @param lastAt when it was last told to end; null: never */
function cancel(job: Job, scene: Scene, lastAt: EpochMs | null): Decision {
  const { now, policy } = scene;
  if (!isReachable(scene, job.cluster)) return waitForCluster;
  const dueAt = lastAt === null ? now : lastAt + policy.endGraceMs;
  if (now < dueAt) return { because: ['a job was told to end'], deadlines: [dueAt] };
  const action: Action = { kind: 'cancel', jobId: job.id };
  return {
    actions: [action],
    because: [
      lastAt === null ? 'an unwanted job is cancelled' : 'a job that did not end is cancelled',
    ],
    deadlines: [now + policy.endGraceMs],
  };
}

const waitForCluster: Decision = {
  because: ['the cluster does not answer: ends nothing'],
};

function later(a: EpochMs, b: EpochMs | null): EpochMs {
  return b === null ? a : Math.max(a, b);
}
