import {
  listModelsQuery,
  modelParams,
  parseInput,
  projectParams,
  registerModelBody,
  scaleModelBody,
  sleepModelBody,
  specFromBody,
  unregisterModelBody,
  unregisterModelQuery,
  wakeModelBody,
} from '@wakefield/contracts';
import { AppError, type CommandBody, isAppError } from '@wakefield/domain';
import type { Request, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { type Binder, pathText } from '../../http/bind.ts';
import { announceNext, pageOf } from '../../http/page.ts';
import { modelPath, projectPath } from '../../http/paths.ts';
import { answerAccepted, type ChangeDeps, change } from '../commands/change.ts';
import { existingProject } from '../projects/access.ts';
import { checkAgainstRecipes } from './check-spec.ts';
import { type ModelQueryDeps, presentModels, presentOneModel } from './queries.ts';

export type ModelDeps = ChangeDeps & ModelQueryDeps & Pick<ApiDeps, 'projects' | 'recipes'>;

export function modelRoutes({ bind }: Binder, deps: ModelDeps): void {
  bind('listModels', async (req, res) => {
    const { project } = parseInput(projectParams, req.params, 'path');
    const query = parseInput(listModelsQuery, req.query, 'query');
    await existingProject(deps, res, project);
    const limit = query.limit === undefined ? null : Number(query.limit);
    const { after } = query;
    // One more than is shown: it tells whether there is a next page.
    const models = await deps.models.list(project, {
      limit: limit === null ? null : limit + 1,
      after: after ?? null,
    });
    const page = pageOf(models, ({ spec }) => spec.hfModelId, { limit, after });
    announceNext(res, `${projectPath(project)}/models`, { limit, next: page.next });
    res.json(await presentModels(deps, project, page.items));
  });

  bind('getModel', async (req, res) => {
    const { project, hf_model_id } = parseInput(
      modelParams,
      { project: pathText(req, 'project'), hf_model_id: pathText(req, 'hf_model_id') },
      'path',
    );
    await existingProject(deps, res, project);
    res.json(await presentOneModel(deps, project, hf_model_id));
  });

  bind('registerModel', async (req, res) => {
    const body = parseInput(registerModelBody, req.body, 'request body');
    const spec = specFromBody(body);
    checkAgainstRecipes(deps.recipes, spec);
    const done = await changeModel(deps, req, res, { kind: 'register', spec }).catch((error) => {
      throw inWordsOf(body, error);
    });
    if (done === null) return;
    if (done.created) res.status(201).location(modelPath(done.project, spec.hfModelId));
    res.json(await presentOneModel(deps, done.project, spec.hfModelId));
  });

  bind('wakeModel', async (req, res) => {
    const { hf_model_id } = parseInput(wakeModelBody, req.body, 'request body');
    const done = await changeModel(deps, req, res, { kind: 'wake', hfModelId: hf_model_id });
    if (done !== null) res.json(await presentOneModel(deps, done.project, hf_model_id));
  });

  bind('unregisterModel', async (req, res) => {
    const body = parseInput(unregisterModelBody, req.body ?? {}, 'request body');
    const query = parseInput(unregisterModelQuery, req.query, 'query');
    const hfModelId = modelToUnregister(body.hf_model_id, query.hf_model_id);
    const stop = query.stop === 'true';
    const done = await changeModel(deps, req, res, { kind: 'unregister', hfModelId, stop });
    if (done !== null) res.status(204).end();
  });

  bind('scaleModel', async (req, res) => {
    const { hf_model_id, replicas } = parseInput(scaleModelBody, req.body, 'request body');
    await acceptModelChange(deps, req, res, { kind: 'scale', hfModelId: hf_model_id, replicas });
  });

  bind('sleepModel', async (req, res) => {
    const { hf_model_id } = parseInput(sleepModelBody, req.body, 'request body');
    await acceptModelChange(deps, req, res, { kind: 'sleep', hfModelId: hf_model_id });
  });
}

/** A list of one is stored like a plain `cluster`: who sent `clusters` hears of `clusters`. */
function inWordsOf({ clusters }: { readonly clusters: unknown }, error: unknown): unknown {
  if (clusters === null || !isAppError(error) || error.param !== 'cluster') return error;
  return new AppError(error.code, error.message, { param: 'clusters' });
}

/** @returns null when it is not applied yet and 202 has been answered */
async function changeModel(
  deps: ModelDeps,
  req: Request,
  res: Response,
  body: CommandBody,
): Promise<{ readonly project: string; readonly created: boolean } | null> {
  const { project } = parseInput(projectParams, req.params, 'path');
  await existingProject(deps, res, project);
  const command = await change(deps, req, res, project, body);
  if (command.outcome?.status === 'applied') return { project, created: command.outcome.created };
  answerAccepted(res, command);
  return null;
}

/** Answers 202 whether or not it is applied already. */
async function acceptModelChange(
  deps: ModelDeps,
  req: Request,
  res: Response,
  body: CommandBody,
): Promise<void> {
  const { project } = parseInput(projectParams, req.params, 'path');
  await existingProject(deps, res, project);
  answerAccepted(res, await change(deps, req, res, project, body));
}

function modelToUnregister(inBody: string | undefined, inQuery: string | undefined): string {
  const hfModelId = inBody ?? inQuery;
  if (hfModelId === undefined) {
    throw new AppError('invalid_request', 'hf_model_id is required, in the query or in the body.', {
      param: 'hf_model_id',
    });
  }
  if (inBody !== undefined && inQuery !== undefined && inBody !== inQuery) {
    throw new AppError('invalid_request', 'hf_model_id differs between the query and the body.', {
      param: 'hf_model_id',
    });
  }
  return hfModelId;
}
