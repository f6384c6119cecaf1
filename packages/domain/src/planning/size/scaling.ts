import type { Model } from '../../vocabulary/model.ts';
import type { ModelDemand } from '../../vocabulary/observed.ts';
import type { ModelPatch } from '../../vocabulary/plan.ts';
import type { EpochMs } from '../../vocabulary/time.ts';
import type { Decision, Scene } from '../scene.ts';
import { knownCapacity } from './capacity.ts';

/** How many jobs are wanted. */
export interface Size extends Decision {
  readonly wanted: number;
}

/** Jobs that a model has at least while it is up. */
export function lowestSize({ minReplicas }: Pick<Model['spec'], 'minReplicas'>): number {
  return Math.max(1, minReplicas);
}

/** The number of jobs that fits a wish into what the model's registration allows. */
export function allowedSize(spec: Model['spec'], wish: number): number {
  return Math.max(lowestSize(spec), Math.min(wish, spec.maxReplicas));
}

/**
 * What a model gives up when nobody uses it. A number that a person chose is kept; an autoscaled one starts small
 * again.
 */
export function atRest(
  { spec, replicas, surplusSince }: Model,
  now: EpochMs,
): Pick<ModelPatch, 'replicas' | 'replicasChangedAt' | 'surplusSince'> {
  const lowest = lowestSize(spec);
  return {
    ...(spec.autoscale && replicas !== lowest ? { replicas: lowest, replicasChangedAt: now } : {}),
    ...(surplusSince === null ? {} : { surplusSince: null }),
  };
}

/** The number of jobs to which a plan brings a model by its load; null: by nothing, or because it falls asleep. */
export function scaledTo({ idle, replicas }: ModelPatch): number | null {
  return idle === true ? null : (replicas ?? null);
}

/**
 * The wanted number of jobs of a model that is up: `replicas`, moved by demand where the model autoscales; the lowest
 * allowed one while it rests.
 *
 * Growth is quick, because who waits is a user; shrinking is slow, because a job that is given back has to wait in the
 * cluster's queue and load again: only what was too much for a whole cooldown is taken away, one job at a time. What
 * is known of a part of the proxies is enough to grow.
 */
export function decideSize(scene: Scene, resting: boolean): Size {
  const { model, demand } = scene;
  const replicas = allowedSize(model.spec, model.replicas);
  if (resting) return { wanted: lowestSize(model.spec), patch: atRest(model, scene.now) };
  if (!model.spec.autoscale) return { wanted: replicas };
  if (demand === null) return { wanted: replicas, ...noSurplus(model) };

  const target = grown(scene, demand, replicas);
  if (target > replicas) return grow(scene, demand, replicas, target);
  if (demand.isWhole && isSurplus(scene, demand, replicas)) return shrink(scene, demand, replicas);
  return { wanted: replicas, ...noSurplus(model) };
}

/**
 * As many jobs as bring demand under `scaleUpAt` of their capacity. Compared with wanted jobs, ready or not, so that
 * those on their way are not added twice.
 */
function grown(scene: Scene, demand: ModelDemand, replicas: number): number {
  const load = pressure(demand);
  const each = scene.policy.scaleUpAt * capacityPerJob(scene);
  return load > each * replicas
    ? allowedSize(scene.model.spec, Math.max(replicas, Math.ceil(load / each)))
    : replicas;
}

/** Running requests count as their average, so that a moment's burst adds nothing; who is held waits now. */
function pressure({ running, held, average }: ModelDemand): number {
  return held > 0 ? Math.max(average, running + held) : average;
}

function grow(scene: Scene, demand: ModelDemand, from: number, to: number): Size {
  const { model, policy, now } = scene;
  const shownAt = showsBy(scene);
  if (now < shownAt) {
    return {
      wanted: from,
      because: ['scale up waits: no engine has shown yet what it takes'],
      deadlines: Number.isFinite(shownAt) ? [shownAt] : [],
      ...noSurplus(model),
    };
  }
  const allowedAt =
    (model.replicasChangedAt ?? Number.NEGATIVE_INFINITY) + policy.scaleUpCooldownMs;
  if (demand.held === 0 && now < allowedAt) {
    return {
      wanted: from,
      because: ['scale up waits: changed lately'],
      deadlines: [allowedAt],
      ...noSurplus(model),
    };
  }
  const patch: ModelPatch = { replicas: to, replicasChangedAt: now, surplusSince: null };
  return { wanted: to, patch, because: ['demand is high: scales up'] };
}

/** A few looks at an engine that has just begun: within them it shows how much of what was held it runs at once. */
const SHOWS_WITHIN_MS = 10_000;

/**
 * From when on it is known, or to be assumed, what an engine takes. Where nothing says so, a burst that wakes a model
 * starts one job, not as many as would take it by an assumption.
 */
function showsBy({ jobs, model }: Scene): EpochMs {
  if (knownCapacity(jobs, model.revision) !== null) return Number.NEGATIVE_INFINITY;
  const ready = jobs.flatMap(({ readyAt, revision }) =>
    readyAt === null || revision !== model.revision ? [] : [readyAt],
  );
  return Math.min(...ready) + SHOWS_WITHIN_MS;
}

/**
 * Whether one job fewer would keep `scaleDownAt` of its capacity free, and nobody waits. What goes up and down faster
 * than anybody looks counts by its peaks: what would be added at one is no surplus beside it.
 */
function isSurplus(scene: Scene, { running, held, peak }: ModelDemand, replicas: number) {
  const fewer = replicas - 1;
  if (held > 0 || fewer < lowestSize(scene.model.spec)) return false;
  const room = (1 - scene.policy.scaleDownAt) * capacityPerJob(scene) * fewer;
  return Math.max(running, peak) <= room;
}

function shrink(scene: Scene, demand: ModelDemand, replicas: number): Size {
  const { model, policy, now } = scene;
  const since = Math.min(model.surplusSince ?? now, now);
  const lastChange = model.replicasChangedAt ?? Number.NEGATIVE_INFINITY;
  const allowedAt = Math.max(since, lastChange) + policy.scaleDownCooldownMs;
  if (now < allowedAt) {
    return {
      wanted: replicas,
      patch: model.surplusSince === null ? { surplusSince: now } : {},
      because: ['scale down waits: demand has not been low for long'],
      deadlines: [allowedAt],
    };
  }
  const fewer = replicas - 1;
  const surplusSince = isSurplus(scene, demand, fewer) ? now : null;
  return {
    wanted: fewer,
    patch: { replicas: fewer, replicasChangedAt: now, surplusSince },
    because: ['demand has been low: scales down'],
  };
}

/** Forgets when surplus began, once there is none, or nobody knows. */
function noSurplus({ surplusSince }: Model): Decision {
  return surplusSince === null ? {} : { patch: { surplusSince: null } };
}

function capacityPerJob({ jobs, model, policy }: Scene): number {
  return Math.max(1, knownCapacity(jobs, model.revision) ?? policy.assumedCapacity);
}
