import { allowedSize, atRest } from '../planning/size/scaling.ts';
import type {
  CommandBody,
  CommandContext,
  CommandEffect,
  CommandInput,
  DecideCommand,
} from '../vocabulary/command.ts';
import type { ClusterName } from '../vocabulary/ids.ts';
import type { Model } from '../vocabulary/model.ts';
import { phrases } from '../vocabulary/phrases.ts';
import { applied, noProject, reject } from './command-outcome.ts';
import { register } from './register-model.ts';
import { startService, stopService } from './services.ts';

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
    case 'startService':
      return startService(body.spec, context, input);
    case 'stopService':
      return stopService(body.serviceId, context, input);
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

type Change = Exclude<
  CommandBody,
  { kind: 'activate' | 'register' | 'startService' | 'stopService' }
>;

/** Commands on a model that has to be there. */
function change(body: Change, context: CommandContext, { now }: CommandInput): CommandEffect {
  const { command, project, model } = context;
  if (project === null) return noProject(command.project);
  if (model !== null && goesOnAfterAll(model, body))
    return apply({ ...model, stopRequested: true, updatedAt: now });
  if (model === null || !model.registered) {
    const message = phrases.noModel(project.name, body.hfModelId);
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

/** Its jobs were to go on by themselves when it was unregistered, and now they are to end. */
function goesOnAfterAll({ registered, stopRequested }: Model, body: Change): boolean {
  return !registered && !stopRequested && body.kind === 'unregister' && body.stop;
}

function scale(model: Model, replicas: number, now: number): CommandEffect {
  if (replicas === 0) return apply(asleep(model, now));
  if (!Number.isInteger(replicas) || replicas !== allowedSize(model.spec, replicas)) {
    return reject('invalid_request', sizesOf(model), 'replicas');
  }
  return apply({
    ...model,
    replicas,
    replicasChangedAt: now,
    surplusSince: null,
    idle: false,
    lastWakeupAt: now,
    updatedAt: now,
  });
}

function sizesOf({ spec }: Model): string {
  const { minReplicas, maxReplicas } = spec;
  return minReplicas > 1
    ? `replicas must be 0 or a whole number from ${minReplicas} to ${maxReplicas} (min_replicas and max_replicas of the model).`
    : `replicas must be a whole number from 0 to ${maxReplicas} (max_replicas of the model).`;
}

function asleep(model: Model, now: number): Model {
  return model.idle ? model : { ...model, ...atRest(model, now), idle: true, updatedAt: now };
}

function apply(model: Model): CommandEffect {
  return { outcome: applied(false), model };
}
