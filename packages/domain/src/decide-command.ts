import type {
  CommandBody,
  CommandContext,
  CommandEffect,
  CommandInput,
  CommandOutcome,
  DecideCommand,
} from './command.ts';
import type { ErrorCode } from './errors.ts';
import type { ClusterName } from './ids.ts';
import { isLeaving, isLive } from './job.ts';
import { type Model, type ModelSpec, outdatesJobs } from './model.ts';
import type { Project } from './project.ts';

/**
 * What a command does to desired state. Rejections are values; deciding the same command again on its own
 * result changes nothing but the times of wakeup and update.
 */
export const decideCommand: DecideCommand = (context, input) => {
  const effect = decide(context, input);
  return effect.model === undefined ? effect : { ...effect, model: stamp(effect.model, context) };
};

function decide(context: CommandContext, input: CommandInput): CommandEffect {
  const { body } = context.command;
  switch (body.kind) {
    case 'activate':
      return activate(body.cluster, context, input);
    case 'register':
      return register(body.spec, context, input);
    default:
      return change(body, context, input);
  }
}

/** Every applied command is a new generation, so that a plan made before it does not overwrite it. */
function stamp(model: Model, { command, model: before }: CommandContext): Model {
  return { ...model, generation: (before?.generation ?? 0) + 1, traceId: command.traceId };
}

function activate(
  named: ClusterName | null,
  { command, project }: CommandContext,
  { now, defaultCluster }: CommandInput,
): CommandEffect {
  if (project !== null && (named === null || project.clusters.includes(named))) {
    return { outcome: applied(false), project };
  }
  const cluster = named ?? defaultCluster;
  if (cluster === null) {
    return reject(
      'invalid_request',
      'Name a cluster: this installation has none by default.',
      'cluster',
    );
  }
  const clusters = [...(project?.clusters ?? []), cluster];
  const createdAt = project?.createdAt ?? now;
  return {
    outcome: applied(project === null),
    project: { name: command.project, clusters, createdAt, updatedAt: now },
  };
}

function register(spec: ModelSpec, context: CommandContext, input: CommandInput): CommandEffect {
  const { command, project, model } = context;
  if (project === null) return noProject(command.project);
  const cluster = spec.cluster ?? project.clusters[0];
  if (cluster === undefined || !project.clusters.includes(cluster)) {
    const message = `The project ${project.name} is not activated on the cluster ${spec.cluster}.`;
    return reject('invalid_request', message, 'cluster');
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
    idle: true,
    replicas: 1,
    replicasChangedAt: null,
    lastWakeupAt: null,
    lastRequestAt: null,
    generation: 0,
    traceId: '',
    createdAt: now,
    updatedAt: now,
  };
}

function update(model: Model, spec: ModelSpec, cluster: ClusterName, { now }: CommandInput): Model {
  if (cluster === model.cluster && sameSpec(model.spec, spec)) return model;
  const replicas = Math.min(model.replicas, spec.maxReplicas);
  return {
    ...model,
    cluster,
    spec,
    revision: revisionFor(model, spec, cluster),
    replicas,
    replicasChangedAt: replicas === model.replicas ? model.replicasChangedAt : now,
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
  return {
    ...model,
    cluster,
    spec,
    revision: revisionFor(model, spec, cluster),
    registered: true,
    stopRequested: false,
    idle: !alive,
    replicas: alive ? Math.min(model.replicas, spec.maxReplicas) : 1,
    replicasChangedAt: alive ? model.replicasChangedAt : null,
    lastWakeupAt: alive ? now : null,
    lastRequestAt: alive ? model.lastRequestAt : null,
    createdAt: now,
    updatedAt: now,
  };
}

type Change = Exclude<CommandBody, { kind: 'activate' | 'register' }>;

/** Commands on a model that has to be there. */
function change(body: Change, context: CommandContext, { now }: CommandInput): CommandEffect {
  const { command, project, model } = context;
  if (project === null) return noProject(command.project);
  if (model === null || !model.registered) {
    const message = `The model ${body.hfModelId} is not registered in the project ${project.name}.`;
    return reject('model_not_found', message, 'hf_model_id');
  }
  switch (body.kind) {
    case 'unregister':
      return apply({ ...model, registered: false, stopRequested: body.stop, updatedAt: now });
    case 'wake':
      return apply({ ...model, idle: false, lastWakeupAt: now, updatedAt: now });
    case 'sleep':
      return apply(asleep(model, now));
    case 'scale':
      return scale(model, body.replicas, now);
  }
}

function scale(model: Model, replicas: number, now: number): CommandEffect {
  const { maxReplicas } = model.spec;
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > maxReplicas) {
    const message = `replicas must be a whole number from 0 to ${maxReplicas} (max_replicas of the model).`;
    return reject('invalid_request', message, 'replicas');
  }
  if (replicas === 0) return apply(asleep(model, now));
  return apply({
    ...model,
    replicas,
    replicasChangedAt: now,
    idle: false,
    lastWakeupAt: now,
    updatedAt: now,
  });
}

/** An autoscaled model starts small again; a number that a person chose is kept. */
function asleep(model: Model, now: number): Model {
  if (model.idle) return model;
  const shrinks = model.spec.autoscale && model.replicas > 1;
  return {
    ...model,
    idle: true,
    replicas: shrinks ? 1 : model.replicas,
    replicasChangedAt: shrinks ? now : model.replicasChangedAt,
    updatedAt: now,
  };
}

/** Compares resolved clusters: naming the default one changes nothing. */
function revisionFor(model: Model, spec: ModelSpec, cluster: ClusterName): number {
  const from = { ...model.spec, cluster: model.cluster };
  return model.revision + (outdatesJobs(from, { ...spec, cluster }) ? 1 : 0);
}

function sameSpec(a: ModelSpec, b: ModelSpec): boolean {
  const flat = ({ engineArgs, resources, ...rest }: ModelSpec) =>
    JSON.stringify([
      Object.entries(rest).sort(byKey),
      Object.entries(engineArgs).sort(byKey),
      Object.entries(resources).sort(byKey),
    ]);
  return flat(a) === flat(b);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function apply(model: Model): CommandEffect {
  return { outcome: applied(false), model };
}

function applied(created: boolean): CommandOutcome {
  return { status: 'applied', created };
}

function noProject(name: string): CommandEffect {
  return reject('project_not_found', `The project ${name} is not activated.`, null);
}

function reject(code: ErrorCode, message: string, param: string | null): CommandEffect {
  return { outcome: { status: 'rejected', code, message, param } };
}
