import {
  AppError,
  type DurationMs,
  type EpochMs,
  type HoldRefusal,
  phrases,
  type Route,
} from '@wakefield/domain';
import type { EngineTimeoutError } from '../upstream/engine-timeout.ts';
import { expectedWords, secondsUntil } from './expectation.ts';

/** Longest name that is repeated to its caller and to the log: none of ours is longer. */
const shownLength = 200;

/** A name as a caller wrote it, in a length that may be written down. */
export function shown(name: string): string {
  return name.length <= shownLength ? name : `${name.slice(0, shownLength)}…`;
}

/** What the log is told of a failure. The cause is for us alone; callers were told the message. */
export function failureFields({ code, cause }: AppError): object {
  return cause === undefined ? { code } : { code, err: cause };
}

/** A reason with its end, so that a sentence can follow; one of several lines ends in lines of a log. */
function ended(reason: string): string {
  if (reason.includes('\n')) return `${reason.trimEnd()}\n`;
  return /[.!?]$/.test(reason) ? `${reason} ` : `${reason}. `;
}

const waitedFor: Readonly<Record<HoldRefusal, string>> = {
  principal_full: 'this model',
  model_full: 'this model',
  project_full: 'models of this project',
  process_full: 'models',
};

const timeoutWords: Readonly<Record<EngineTimeoutError['limit'], (limit: string) => string>> = {
  connect: (limit) => `No engine of this model could be connected to within ${limit}.`,
  first_byte: (limit) => `The engine sent nothing of an answer within ${limit}.`,
  between_bytes: (limit) =>
    `The answer stood still for ${limit}; what came so far is all there is.`,
};

function seconds(ms: DurationMs): string {
  return `${ms / 1000} s`;
}

/** Refusals of an inference request, in words for its caller. */
export const refusals = {
  starting: () =>
    new AppError('store_unavailable', 'Wakefield is starting and has no routes yet.', {
      retryAfterSeconds: 2,
    }),
  /** The table lacks it, and the store does not say whether it is new. */
  notKnownNow: (what: 'model' | 'project', name: string) =>
    new AppError(
      'store_unavailable',
      `Whether there is a ${what} "${shown(name)}" cannot be told at the moment: the database does not answer in time.`,
      { param: what, retryAfterSeconds: 2 },
    ),
  projectNotFound: (project: string) =>
    new AppError(
      'project_not_found',
      `${phrases.noProject(shown(project))} A key that may manage it activates it with POST /p.`,
      { param: 'project' },
    ),
  forbidden: (project: string) =>
    new AppError('forbidden', `You may not use models of the project "${shown(project)}".`),
  notAuthorized: (authorization: string | undefined) =>
    authorization === undefined
      ? new AppError('invalid_api_key', phrases.keyMissing)
      : new AppError('invalid_api_key', phrases.keyInvalid, { challenge: 'error="invalid_token"' }),
  internal: (cause: unknown) =>
    new AppError(
      'internal_error',
      'Something went wrong on our side. The request id helps us to find it.',
      { cause },
    ),
  ofAnotherSite: () =>
    new AppError('forbidden', 'This may only be asked from a page of this site.'),
  notFound: () =>
    new AppError(
      'not_found',
      'There is nothing at this path. Served below /p/<project>/openai/v1: chat/completions, completions, embeddings, models, realtime. The base URL of a client ends in /openai/v1.',
    ),
  wrongMethod: (allow: string) =>
    new AppError('method_not_allowed', `This path takes ${allow} only.`),
  brokenJson: () =>
    new AppError('invalid_json', 'The request body is not a JSON object, or is not complete.'),
  modelMissing: () =>
    new AppError('invalid_request', 'Name the model: `model` has to be a string.', {
      param: 'model',
    }),
  sessionModelMissing: () =>
    new AppError('invalid_request', 'Name the model in the query: /realtime?model=NAME.', {
      param: 'model',
    }),
  noSessions: () =>
    new AppError('not_found', 'The engine of this model offers no realtime sessions.', {
      param: 'model',
    }),
  modelNotFound: (project: string, model: string) =>
    new AppError('model_not_found', phrases.noModel(shown(project), shown(model)), {
      param: 'model',
    }),
  /** A request does not wake a failed model: it would pay for three more jobs that fail. */
  modelFailed: ({ project, hfModelId, reason }: Route) =>
    new AppError(
      'model_failed',
      `The model "${hfModelId}" failed: ${ended(reason ?? 'the reason is not known')}Requests do not wake it. Mend it, then POST /p/${project}/models ${JSON.stringify({ hf_model_id: hfModelId })}`,
    ),
  modelLoading: ({ hfModelId, state, expectedReady }: Route, now: EpochMs) => {
    const words = expectedWords(expectedReady, now);
    const hint = words === null ? 'Ask again in a while.' : `It is expected ${words}.`;
    return new AppError(
      'model_loading',
      `The model "${hfModelId}" is being woken (state: ${state}). ${hint}`,
      { retryAfterSeconds: secondsUntil(expectedReady, now, state === 'loading' ? 5 : 10) },
    );
  },
  /** What a caller has itself too much of is told as a limit; what all have too much of, as overload. */
  tooManyWait: (refusal: HoldRefusal) =>
    refusal === 'principal_full'
      ? new AppError(
          'rate_limit_exceeded',
          `Too many of your requests wait for ${waitedFor[refusal]} already. Send fewer at a time.`,
          { retryAfterSeconds: 10, type: 'requests' },
        )
      : new AppError('overloaded', `Too many requests wait for ${waitedFor[refusal]} already.`, {
          retryAfterSeconds: 10,
        }),
  noPlace: (waitedMs: DurationMs) => {
    const since = waitedMs < 1000 ? '' : ` for ${Math.round(waitedMs / 1000)} s now`;
    return new AppError('overloaded', `The engines of this model are full${since}.`, {
      retryAfterSeconds: 10,
    });
  },
  noRoomForBody: () =>
    new AppError('overloaded', 'Too many large requests are under way already.', {
      retryAfterSeconds: 5,
    }),
  noEngine: () =>
    new AppError('upstream_error', 'No engine of this model could answer.', {
      retryAfterSeconds: 2,
    }),
  timedOut: ({ limit, afterMs }: EngineTimeoutError) =>
    new AppError(`${limit}_timeout`, timeoutWords[limit](seconds(afterMs))),
  stalled: (afterMs: DurationMs) =>
    new AppError(
      'upstream_error',
      `The engine took nothing of what was said for ${seconds(afterMs)}.`,
    ),
  tookTooLong: (totalMs: DurationMs) =>
    new AppError(
      'total_timeout',
      `The request took longer than the ${seconds(totalMs)} that it may take in all.`,
    ),
  badTimeout: () =>
    new AppError(
      'invalid_request',
      'X-Request-Timeout has to be a number of seconds above 0, with up to three decimals: 30, or 2.5.',
      { param: 'x-request-timeout' },
    ),
  deadly: () =>
    new AppError(
      'upstream_error',
      'The engines that took this request broke off before they answered. It is not asked again.',
    ),
  unsendable: () =>
    new AppError('invalid_request', 'A header of the request cannot be sent on to the engine.'),
  shuttingDown: () =>
    new AppError('shutting_down', 'This server is shutting down. Ask again.', {
      retryAfterSeconds: 1,
    }),
} as const;
