import type { AcceptedJson, CommandJson } from '@wakefield/contracts';
import type { Command, CommandBody } from '@wakefield/domain';
import { iso, isoOrNull } from '../../http/iso.ts';

export function presentCommand(command: Command): CommandJson {
  const { body, outcome } = command;
  return {
    id: command.id,
    project: command.project,
    kind: kinds[body.kind],
    hf_model_id: 'hfModelId' in body ? body.hfModelId : modelRegistered(body),
    service_uuid: serviceOf(command),
    replicas: body.kind === 'scale' ? body.replicas : null,
    cluster: body.kind === 'activate' ? body.cluster : null,
    status: outcome === null ? 'accepted' : outcome.status,
    created: outcome?.status === 'applied' ? outcome.created : null,
    error:
      outcome?.status === 'rejected'
        ? { code: outcome.code, message: outcome.message, param: outcome.param }
        : null,
    by: command.by,
    trace_id: command.traceId,
    accepted_at: iso(command.acceptedAt),
    finished_at: isoOrNull(command.finishedAt),
  };
}

export function presentAccepted(command: Command): AcceptedJson {
  return { command: presentCommand(command) };
}

/** As they are called on the wire. */
const kinds = {
  activate: 'activate',
  register: 'register',
  unregister: 'unregister',
  wake: 'wake',
  sleep: 'sleep',
  scale: 'scale',
  startService: 'start_service',
  stopService: 'stop_service',
} as const satisfies Record<CommandBody['kind'], CommandJson['kind']>;

function modelRegistered(body: CommandBody): string | null {
  return body.kind === 'register' ? body.spec.hfModelId : null;
}

function serviceOf({ id, body }: Command): string | null {
  if (body.kind === 'startService') return id;
  return body.kind === 'stopService' ? body.serviceId : null;
}
