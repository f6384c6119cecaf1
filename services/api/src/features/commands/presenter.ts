import type { AcceptedJson, CommandJson } from '@wakefield/contracts';
import type { Command } from '@wakefield/domain';
import { iso, isoOrNull } from '../../http/iso.ts';

export function presentCommand(command: Command): CommandJson {
  const { body, outcome } = command;
  return {
    id: command.id,
    project: command.project,
    kind: body.kind,
    hf_model_id: modelIdOf(command),
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

function modelIdOf({ body }: Command): string | null {
  switch (body.kind) {
    case 'activate':
      return null;
    case 'register':
      return body.spec.hfModelId;
    case 'unregister':
    case 'wake':
    case 'sleep':
    case 'scale':
      return body.hfModelId;
  }
}
