import { errorTable, toAppError } from '@wakefield/contracts';
import { type AppError, isAppError, type Principal } from '@wakefield/domain';
import { sendError, sendJson } from '../server/answer.ts';
import { checkAccess, checkProject } from './admission.ts';
import type { InferenceCall } from './call.ts';
import type { CallerOf } from './caller.ts';
import { modelCard, modelList } from './model-cards.ts';
import type { InferenceParts } from './parts.ts';
import { failureFields, refusals, shown } from './refusals.ts';

/** Answers with the models of a project, or with one of them. */
export type ModelsAnswer = (
  call: Pick<InferenceCall, 'client' | 'requestId' | 'project'>,
  id: string | null,
) => Promise<void>;

export function createModelsAnswer(parts: InferenceParts, callerOf: CallerOf): ModelsAnswer {
  const found = (project: string, id: string | null, isCurrent: boolean): object | AppError => {
    const routes = parts.routes();
    const refusal = checkProject(parts, project, isCurrent);
    if (refusal !== null || routes === null) return refusal ?? refusals.starting();
    if (id === null) return modelList(routes.list(project));
    const route = routes.find(project, id);
    if (route !== null) return modelCard(route);
    return isCurrent ? refusals.modelNotFound(project, id) : refusals.notKnownNow('model', id);
  };
  return async ({ client, requestId, project }, id) => {
    const startedAt = performance.now();
    let principal: Principal | null = null;
    let result: object | AppError;
    try {
      principal = await callerOf(client);
      const refusal = checkAccess(principal, 'listOpenAIModels', client, project);
      result = refusal ?? found(project, id, false);
      if (refusal === null && isAppError(result)) {
        const isCurrent = await parts.catchUp();
        result = found(project, id, isCurrent);
      }
    } catch (error) {
      result = toAppError(error, refusals.internal);
    }
    const error = isAppError(result) ? result : null;
    if (error === null) sendJson(client, requestId, 200, result);
    else sendError(client, requestId, error);
    parts.logger[error === null ? 'info' : errorTable[error.code].log](
      {
        requestId,
        project: shown(project),
        principal: principal?.id ?? null,
        model: id === null ? null : shown(id),
        status: client.status,
        ...(error === null ? {} : failureFields(error)),
        durationMs: Math.round((performance.now() - startedAt) * 100) / 100,
      },
      'models request',
    );
  };
}
