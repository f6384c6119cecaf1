import type { Job } from './job.ts';
import type { ModelPatch } from './plan.ts';
import { type Decision, requestsOf, type Scene } from './scene.ts';

/** How many jobs are wanted. */
export interface Size extends Decision {
  readonly wanted: number;
}

/** The wanted number of jobs of a model that is up: `replicas`, moved by demand where the model autoscales. */
export function decideSize(scene: Scene): Size {
  const { model, now } = scene;
  const requests = requestsOf(scene.demand);
  const replicas = clamp(model.replicas, 1, model.spec.maxReplicas);
  if (!model.spec.autoscale || requests === null) return { wanted: replicas };

  const target = targetFor(scene, replicas, requests);
  if (target === replicas) return { wanted: replicas };

  const up = target > replicas;
  const cooldown = up ? scene.policy.scaleUpCooldownMs : scene.policy.scaleDownCooldownMs;
  const allowedAt = (model.replicasChangedAt ?? Number.NEGATIVE_INFINITY) + cooldown;
  if (now < allowedAt) {
    return {
      wanted: replicas,
      because: [up ? 'scale up waits: changed lately' : 'scale down waits: changed lately'],
      deadlines: [allowedAt],
    };
  }
  const patch: ModelPatch = { replicas: target, replicasChangedAt: now };
  return {
    wanted: target,
    patch,
    because: [up ? 'demand is high: scales up' : 'demand is low: scales down'],
  };
}

/**
 * Up to as many jobs as bring demand under `scaleUpAt`; down by one where the rest would keep
 * `scaleDownAt` of its capacity free. Counts wanted jobs, ready or not, so pending ones are not added twice.
 */
function targetFor(scene: Scene, replicas: number, requests: number): number {
  const { scaleUpAt, scaleDownAt } = scene.policy;
  const capacity = capacityPerJob(scene);
  if (requests > scaleUpAt * capacity * replicas) {
    const target = Math.ceil(requests / (scaleUpAt * capacity));
    return clamp(target, replicas, scene.model.spec.maxReplicas);
  }
  const fewer = replicas - 1;
  return fewer >= 1 && requests <= (1 - scaleDownAt) * capacity * fewer ? fewer : replicas;
}

/**
 * That of the newest job of this revision that knows its own. Jobs that have ended count, so that the
 * figure does not jump when the job that knew it leaves.
 */
function capacityPerJob({ jobs, model, policy }: Scene): number {
  const knows = (job: Job) => job.capacity !== null && job.revision === model.revision;
  return Math.max(1, jobs.findLast(knows)?.capacity ?? policy.assumedCapacity);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, Math.max(low, high)));
}
