import { allowedSize, lowestSize } from '../planning/size/scaling.ts';
import type { CommandContext, CommandEffect, CommandInput } from '../vocabulary/command.ts';
import type { ClusterName } from '../vocabulary/ids.ts';
import { isLeaving, isLive } from '../vocabulary/job.ts';
import { type Model, type ModelSpec, outdatesJobs } from '../vocabulary/model.ts';
import type { Project } from '../vocabulary/project.ts';
import { applied, noProject, reject } from './command-outcome.ts';

/** A new registration, a changed one, or one that takes over what a DELETE left running. */
export function register(
  spec: ModelSpec,
  context: CommandContext,
  input: CommandInput,
): CommandEffect {
  const { command, project, model } = context;
  if (project === null) return noProject(command.project);
  const cluster = spec.cluster ?? project.clusters[0];
  const named = [cluster, ...spec.otherClusters];
  const missing = named.find((name) => name === undefined || !project.clusters.includes(name));
  if (cluster === undefined || missing !== undefined) {
    const message = `The project ${project.name} is not activated on the cluster ${missing}.`;
    return reject('invalid_request', message, named.length === 1 ? 'cluster' : 'clusters');
  }
  const stray = Object.keys(spec.routing.weights).find((name) => !named.includes(name));
  if (stray !== undefined) {
    const message = `routing.weights names the cluster ${stray}, on which the model does not run.`;
    return reject('invalid_request', message, `routing.weights.${stray}`);
  }
  if (model === null)
    return { outcome: applied(true), model: create(spec, cluster, project, input) };
  return model.registered
    ? { outcome: applied(false), model: update(model, spec, cluster, input) }
    : { outcome: applied(true), model: adopt(model, spec, cluster, context, input) };
}

function create(
  spec: ModelSpec,
  cluster: ClusterName,
  project: Project,
  { now, newModelId }: CommandInput,
): Model {
  return {
    id: newModelId,
    project: project.name,
    cluster,
    spec,
    revision: 1,
    registered: true,
    stopRequested: false,
    idle: !staysUp(spec),
    replicas: lowestSize(spec),
    replicasChangedAt: null,
    surplusSince: null,
    lastWakeupAt: staysUp(spec) ? now : null,
    lastRequestAt: null,
    generation: 0,
    traceId: '',
    createdAt: now,
    updatedAt: now,
  };
}

function update(model: Model, spec: ModelSpec, cluster: ClusterName, { now }: CommandInput): Model {
  if (cluster === model.cluster && sameSpec(model.spec, spec)) return model;
  const replicas = sizeAfter(model, spec);
  const wakes = model.idle && staysUp(spec) && !staysUp(model.spec);
  return {
    ...model,
    cluster,
    spec,
    revision: revisionFor(model, spec),
    replicas,
    replicasChangedAt: replicas === model.replicas ? model.replicasChangedAt : now,
    surplusSince: null,
    ...(wakes ? { idle: false, lastWakeupAt: now } : {}),
    updatedAt: now,
  };
}

/** Registered again after a DELETE: jobs that still serve are taken over, and the model is up with them. */
function adopt(
  model: Model,
  spec: ModelSpec,
  cluster: ClusterName,
  { liveJobs }: CommandContext,
  { now }: CommandInput,
): Model {
  const alive = liveJobs.some((job) => isLive(job) && !isLeaving(job));
  const up = alive || staysUp(spec);
  return {
    ...model,
    cluster,
    spec,
    revision: revisionFor(model, spec),
    registered: true,
    stopRequested: false,
    idle: !up,
    replicas: alive ? sizeAfter(model, spec) : lowestSize(spec),
    replicasChangedAt: alive ? model.replicasChangedAt : null,
    surplusSince: null,
    lastWakeupAt: up ? now : null,
    lastRequestAt: alive ? model.lastRequestAt : null,
    createdAt: now,
    updatedAt: now,
  };
}

/** A model that had no more jobs than it had to have got no number from a person or by load: it has the least again. */
function sizeAfter(model: Model, spec: ModelSpec): number {
  const atLeast = model.replicas === lowestSize(model.spec);
  return atLeast ? lowestSize(spec) : allowedSize(spec, model.replicas);
}

/** Some jobs of it are kept up, whether anybody asks or not. */
function staysUp({ minReplicas }: ModelSpec): boolean {
  return minReplicas > 0;
}

function revisionFor(model: Model, spec: ModelSpec): number {
  return model.revision + (outdatesJobs(model.spec, spec) ? 1 : 0);
}

function sameSpec(a: ModelSpec, b: ModelSpec): boolean {
  const flat = ({
    engineArgs,
    resources,
    timeouts,
    limits,
    routing: { weights, ...routing },
    ...rest
  }: ModelSpec) =>
    JSON.stringify([
      Object.entries(rest).sort(byKey),
      Object.entries(routing).sort(byKey),
      Object.entries(weights).sort(byKey),
      Object.entries(engineArgs).sort(byKey),
      Object.entries(resources).sort(byKey),
      Object.entries(timeouts).sort(byKey),
      Object.entries(limits).sort(byKey),
    ]);
  return flat(a) === flat(b);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
