import {
  type PromptAnswerJson,
  type PromptBody,
  parseInput,
  promptBody,
} from '@wakefield/contracts';
import { AppError, isAppError, type JobId } from '@wakefield/domain';
import { type CountedTokens, guessPrompt } from '../inference/count-tokens.ts';
import { readBody } from '../inference/read-body.ts';
import { refusals, shown } from '../inference/refusals.ts';
import type { NodeCall } from '../server/node-call.ts';
import { askService, type ServiceAnswer } from './ask-service.ts';
import type { ReadyService } from './find-service.ts';
import type { KeptBytes } from './kept-bytes.ts';
import type { ServiceParts } from './parts.ts';
import {
  lacksTemplate,
  type PromptForm,
  promptPaths,
  promptRequest,
  readModels,
  readPromptAnswer,
  readRefusal,
} from './prompt-forms.ts';
import { noTokens } from './service-record.ts';

/** A question on behalf of a caller, with what its service is told of it. */
export interface Asking {
  readonly ready: ReadyService;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Its body, and what it is answered. */
  readonly kept: KeptBytes;
}

/** What is told to whoever sent a prompt. */
export interface PromptSaid {
  readonly status: number;
  readonly value: object;
  readonly tokens: CountedTokens;
}

/** Longer than what models can read. Whoever has one that reads more asks it by itself. */
const mostPromptBytes = 1024 * 1024;
/** Names of models in a message. */
const mostNamed = 10;

/**
 * Jobs whose engine has said that it has no chat template: they are asked for a completion at once. Not by model, as callers may
 * call that what they like.
 */
export class TemplateBook {
  readonly #without = new Set<JobId>();

  formOf(jobId: JobId): PromptForm {
    return this.#without.has(jobId) ? 'completion' : 'chat';
  }

  hasNone(jobId: JobId): void {
    this.#without.add(jobId);
  }

  prune(serving: ReadonlySet<JobId>): void {
    for (const jobId of this.#without) if (!serving.has(jobId)) this.#without.delete(jobId);
  }
}

/**
 * Names of the models that an engine has loaded; of one that lists none the model that it was started with.
 * @throws AppError
 */
export async function modelsOf(parts: ServiceParts, asking: Asking): Promise<readonly string[]> {
  const served = modelOf(asking.ready);
  return (await listed(parts, asking, served)) ?? [served];
}

/** @returns null: it has no list, as Text Embeddings Inference */
async function listed(
  parts: ServiceParts,
  asking: Asking,
  served: string,
): Promise<readonly string[] | null> {
  const path = '/v1/models';
  const answer = await askService(parts, asking.ready, { ...asking, path, body: null });
  if (answer.status === 404) return null;
  const models = answer.status === 200 ? readModels(answer.body, served) : null;
  if (models === null) throw notUnderstood(answer);
  return models;
}

/**
 * Sends one prompt, as a chat where the model has a template for that.
 * @returns what the engine says, or its refusal of what was asked for: that is its own, as long as it is JSON
 * @throws AppError
 */
export async function promptService(
  parts: ServiceParts,
  book: TemplateBook,
  id: string,
  asking: Asking,
  body: PromptBody,
): Promise<PromptSaid> {
  const { ready } = asking;
  const { jobId } = ready.endpoint;
  const model = body.model ?? modelOf(ready);
  const ask = (form: PromptForm) =>
    askService(parts, ready, {
      ...asking,
      path: promptPaths[form],
      body: promptRequest(form, model, body),
    });
  const form = book.formOf(jobId);
  let answer = await ask(form);
  if (form === 'chat' && lacksTemplate(answer.status, answer.body)) {
    answer = await ask('completion');
    if (answer.status === 200) book.hasNone(jobId);
  }
  if (answer.status === 404) throw await notThere(parts, asking, model);
  const { status, body: said } = answer;
  if (status === 200) {
    const value = readPromptAnswer(id, said);
    if (value !== null) return { status, value, tokens: tokensOf(body, value) };
  } else if (isOfTheCaller(status)) {
    const value = readRefusal(said);
    if (value !== null) return { status, value, tokens: noTokens };
  }
  throw notUnderstood(answer);
}

/** As its engine counts them, else by size. */
function tokensOf({ prompt }: PromptBody, { usage, text }: PromptAnswerJson): CountedTokens {
  if (usage === null) {
    const [asked, said] = [prompt, text].map((one) => guessPrompt(Buffer.byteLength(one)));
    return { prompt: asked ?? 0, completion: said ?? 0, cached: 0, estimated: true };
  }
  const { prompt_tokens, completion_tokens } = usage;
  return { prompt: prompt_tokens, completion: completion_tokens, cached: 0, estimated: false };
}

/** What it says of the request itself: others speak of our key, or read like what we say ourselves (409). */
function isOfTheCaller(status: number): boolean {
  return status === 400 || status === 422 || status === 429;
}

/** Either it has no such model, or it is no engine that takes prompts. */
async function notThere(parts: ServiceParts, asking: Asking, model: string): Promise<AppError> {
  const models = await listed(parts, asking, modelOf(asking.ready));
  if (models === null || models.includes(model)) {
    const message = 'The engine of this service takes no prompts.';
    return new AppError('invalid_request', message, { param: 'id' });
  }
  const named = models.slice(0, mostNamed).map((one) => `"${shown(one)}"`);
  if (models.length > mostNamed) named.push(`${models.length - mostNamed} more`);
  const message = `The service has no model "${shown(model)}". It has ${named.join(', ')}.`;
  return new AppError('model_not_found', message, { param: 'model' });
}

/** The model that it was started with. @throws AppError where it serves none */
function modelOf({ model, recipe }: ReadyService): string {
  if (model !== null) return model;
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
  { limits }: ServiceParts,
  client: NodeCall,
  kept: KeptBytes,
): Promise<PromptBody> {
  const maxBytes = Math.min(limits.body.maxBytes, mostPromptBytes);
  const bytes = await new Promise<Buffer | AppError>((resolve) => {
    readBody(client, { ...limits.body, maxBytes }, kept, resolve);
    // It is not called for one that goes away before the end.
    client.onceClosed(() => resolve(refusals.brokenJson()));
  });
  if (isAppError(bytes)) throw bytes;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw refusals.brokenJson();
  }
  return parseInput(promptBody, value, 'request body');
}
