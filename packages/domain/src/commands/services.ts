import type { CommandContext, CommandEffect, CommandInput } from '../vocabulary/command.ts';
import type { ServiceId } from '../vocabulary/ids.ts';
import { phrases } from '../vocabulary/phrases.ts';
import type { ServiceSpec } from '../vocabulary/service.ts';
import { applied, noProject, reject } from './command-outcome.ts';

/** The service has the id of its command: the same command never starts a second one. */
export function startService(
  spec: ServiceSpec,
  { command, project, service }: CommandContext,
  { now }: CommandInput,
): CommandEffect {
  if (service !== null) return { outcome: applied(true) };
  if (project === null) return noProject(command.project);
  const cluster = spec.cluster ?? project.clusters[0];
  if (cluster === undefined || !project.clusters.includes(cluster)) {
    const message = `The project ${project.name} is not activated on the cluster ${cluster}.`;
    return reject('invalid_request', message, 'cluster');
  }
  return {
    outcome: applied(true),
    service: {
      id: command.id,
      project: project.name,
      cluster,
      spec,
      stopRequested: false,
      generation: 1,
      createdBy: command.by,
      traceId: command.traceId,
      createdAt: now,
      updatedAt: now,
    },
  };
}

/** Stopping what is stopped already is no failure. */
export function stopService(
  id: ServiceId,
  { command, service }: CommandContext,
  { now }: CommandInput,
): CommandEffect {
  if (service === null || service.project !== command.project)
    return reject('service_not_found', phrases.noService(id), 'id');
  if (service.stopRequested) return { outcome: applied(false) };
  const { traceId } = command;
  const generation = service.generation + 1;
  return {
    outcome: applied(false),
    service: { ...service, stopRequested: true, generation, traceId, updatedAt: now },
  };
}
