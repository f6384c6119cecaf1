import {
  type PromptAnswerJson,
  type PromptBody,
  parseInput,
  promptBody,
} from '@wakefield/contracts';
import { AppError, isAppError, type JobId } from '@wakefield/domain';
import { readBody } from '../inference/read-body.ts';
import { refusals, shown } from '../inference/refusals.ts';
import type { NodeCall } from '../server/node-call.ts';
import { askService, type ServiceAnswer } from './ask-service.ts';
import type { ReadyService } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import {
  lacksTemplate,
  type PromptForm,
  promptPaths,
  promptRequest,
  readModels,
  readPromptAnswer,
} from './prompt-forms.ts';

/** A question on behalf of a caller, with what its service is told of it. */
export interface Asking {
  readonly ready: ReadyService;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Models without a chat template, by job: they are asked for a completion at once. */
export class TemplateBook {
  readonly #without = new Map<JobId, Set<string>>();

  formOf(jobId: JobId, model: string): PromptForm {
    return this.#without.get(jobId)?.has(model) === true ? 'completion' : 'chat';
  }

  hasNone(jobId: JobId, model: string): void {
    const known = this.#without.get(jobId) ?? new Set();
    this.#without.set(jobId, known.add(model));
  }

  prune(serving: ReadonlySet<JobId>): void {
    for (const jobId of this.#without.keys()) if (!serving.has(jobId)) this.#without.delete(jobId);
  }
}

/**
 * Names of the models that an engine has loaded.
 * @throws AppError
 */
export async function modelsOf(parts: ServiceParts, asking: Asking): Promise<readonly string[]> {
  checkHasModel(asking.ready);
  const path = '/v1/models';
  const answer = await askService(parts, asking.ready, { ...asking, path, body: null });
  const models = answer.status === 200 ? readModels(answer.body) : null;
  if (models === null) throw notUnderstood(answer);
  return models;
}

/**
 * Sends one prompt, as a chat where the model has a template for that.
 * @returns what the engine says, or its refusal of what was asked for, as it is
 * @throws AppError
 */
export async function promptService(
  parts: ServiceParts,
  book: TemplateBook,
  id: string,
  asking: Asking,
  body: PromptBody,
): Promise<PromptAnswerJson | ServiceAnswer> {
  const { ready } = asking;
  const { jobId } = ready.endpoint;
  checkHasModel(ready);
  const model = body.model ?? ready.model ?? '';
  const ask = (form: PromptForm) =>
    askService(parts, ready, {
      ...asking,
      path: promptPaths[form],
      body: promptRequest(form, model, body),
    });
  const form = book.formOf(jobId, model);
  let answer = await ask(form);
  if (form === 'chat' && lacksTemplate(answer.status, answer.body)) {
    answer = await ask('completion');
    if (answer.status === 200) book.hasNone(jobId, model);
  }
  if (answer.status === 404) throw await notThere(parts, asking, model);
  if (isOfTheCaller(answer.status)) return answer;
  const said = answer.status === 200 ? readPromptAnswer(id, answer.body) : null;
  if (said === null) throw notUnderstood(answer);
  return said;
}

/** What it says of the request itself. 401 and 403 are about our key, which its caller knows nothing of. */
function isOfTheCaller(status: number): boolean {
  return status >= 400 && status < 500 && status !== 401 && status !== 403;
}

/** Either it has no such model, or it is no engine that takes prompts. */
async function notThere(parts: ServiceParts, asking: Asking, model: string): Promise<AppError> {
  const models = await modelsOf(parts, asking);
  const named = models.map((one) => `"${one}"`).join(', ');
  const [code, message] = models.includes(model)
    ? (['invalid_request', `The engine of this service takes no prompts.`] as const)
    : ([
        'model_not_found',
        `The service has no model "${shown(model)}". It has ${named}.`,
      ] as const);
  return new AppError(code, message, { param: 'model' });
}

function checkHasModel({ model, recipe }: ReadyService): void {
  if (model !== null) return;
  const message = `The recipe of this service, ${recipe}, serves no model.`;
  throw new AppError('invalid_request', message, { param: 'id' });
}

function notUnderstood({ status }: ServiceAnswer): AppError {
  const message = `The engine of this service gave an answer that is of no use here (status ${status}).`;
  return new AppError('upstream_error', message);
}

/**
 * The body of a prompt.
 * @throws AppError
 */
export async function readPrompt(
  { limits, bodies }: ServiceParts,
  client: NodeCall,
  { project }: ReadyService,
): Promise<PromptBody> {
  const share = bodies.shareOf(project);
  const bytes = await new Promise<Buffer | AppError>((resolve) => {
    readBody(client, limits.body, share, resolve);
    // It is not called for one that goes away before the end.
    client.onceClosed(() => resolve(refusals.brokenJson()));
  });
  if (isAppError(bytes)) throw bytes;
  share.give(bytes.length);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw refusals.brokenJson();
  }
  return parseInput(promptBody, value, 'request body');
}
