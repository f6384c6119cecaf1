import { errorTable } from '@wakefield/contracts';
import type {
  AppError,
  DurationMs,
  JobId,
  LimitScope,
  Route,
  TimeLimit,
  WaitsFor,
} from '@wakefield/domain';
import { logText, newTraceId, parseTraceparent } from '@wakefield/runtime';
import type { LimitedBy, RouteClass, WaitOutcome } from '../metrics.ts';
import type { Operation } from '../server/classify.ts';
import { EngineTimeoutError } from '../upstream/engine-timeout.ts';
import type { Loss } from './attempt.ts';
import { type InferenceCall, ownId } from './call.ts';
import type { CountedTokens } from './count-tokens.ts';
import type { InferenceParts } from './parts.ts';
import { recordText } from './record-text.ts';
import { shown } from './refusals.ts';
import type { Reply } from './reply.ts';
import type { Traffic } from './session/session-relay.ts';
import { clientLeftCode, type ExchangeOutcome, Tally } from './tally.ts';

const routeClasses: Readonly<Record<Operation, RouteClass>> = {
  'chat/completions': 'chat_completions',
  completions: 'completions',
  embeddings: 'embeddings',
  realtime: 'realtime',
};

/** What is counted and logged of one request. Never what was asked or answered. */
export class ExchangeRecord implements Traffic {
  /** null: whoever is not let into a project uses nothing of it. */
  readonly tally: Tally | null;
  /** Who sends it; null where nobody could tell. */
  readonly caller: string | null;
  readonly #parts: InferenceParts;
  readonly #call: InferenceCall;
  #traceId = '';
  #model: string | null = null;
  #streamed = false;
  #route: Route | null = null;
  #jobId: JobId | null = null;
  #attempts = 0;
  #heldMs: DurationMs = 0;
  #queuedMs: DurationMs = 0;
  #limitedBy: string | undefined;
  /** Of a session, from its client and to it. */
  #bytesUp = 0;
  #bytesDown = 0;

  /** @param isLetIn whether its usage is counted */
  constructor(parts: InferenceParts, call: InferenceCall, caller: string | null, isLetIn = false) {
    this.#parts = parts;
    this.#call = call;
    this.caller = caller;
    this.tally = isLetIn ? new Tally(parts, call, caller) : null;
  }

  /** The caller's trace, or a new one. */
  get traceId(): string {
    if (this.#traceId === '') {
      const given = parseTraceparent(this.#call.client.header('traceparent'))?.traceId;
      this.#traceId = given ?? ownId(this.#call) ?? newTraceId();
    }
    return this.#traceId;
  }

  asked(model: string, streamed: boolean, bodyBytes: number): void {
    this.#model = shown(model);
    this.#streamed = streamed;
    this.tally?.asked(model, streamed, bodyBytes);
  }

  /** @returns the request id for the engine: vLLM wants it unique, whatever callers send */
  sent(route: Route, jobId: JobId): string {
    this.#route = route;
    this.#jobId = jobId;
    this.#attempts += 1;
    this.tally?.sent(route);
    const { requestId } = this.#call;
    const isUnique = this.#attempts === 1 && ownId(this.#call) !== null;
    return isUnique ? requestId : `${requestId}-${newTraceId().slice(0, 8)}`;
  }

  lost(loss: Loss, jobId: JobId, cause: unknown): void {
    const { metrics, logger } = this.#parts;
    this.tally?.lost();
    metrics.retry(loss);
    if (cause instanceof EngineTimeoutError) metrics.timedOut(cause.limit);
    logger.warn(
      { requestId: this.#call.requestId, traceId: this.traceId, jobId, loss, err: cause },
      'attempt brought nothing',
    );
  }

  passed(direction: 'up' | 'down', bytes: number): void {
    if (direction === 'up') this.#bytesUp += bytes;
    else this.#bytesDown += bytes;
    this.#parts.metrics.passed(direction, bytes);
  }

  timedOut(limit: TimeLimit): void {
    this.#parts.metrics.timedOut(limit);
  }

  waited(waitsFor: WaitsFor, lengthMs: DurationMs, outcome: WaitOutcome): void {
    if (waitsFor === 'place') this.#queuedMs += lengthMs;
    else this.#heldMs += lengthMs;
    this.#parts.metrics.waited(waitsFor, lengthMs / 1000, outcome);
  }

  /** A limit stands in its way. */
  limitedBy(scope: LimitScope, limit: LimitedBy): void {
    this.#limitedBy = `${scope} ${limit}`;
    this.#parts.metrics.rateLimited(limit, scope);
  }

  /**
   * Once, at the end: the figures and the one line of the log.
   * @returns the tokens that it is accounted for with; undefined where it is not
   */
  finish(
    outcome: ExchangeOutcome,
    reply: Pick<Reply, 'status' | 'firstByteAt'>,
    error?: AppError,
  ): CountedTokens | undefined {
    const { metrics, logger } = this.#parts;
    const status = outcome === 'client_left' ? clientLeftCode : reply.status;
    metrics.request(routeClasses[this.#call.operation], status);
    const firstByteMs =
      reply.firstByteAt === null ? null : round(reply.firstByteAt - this.#call.startedAt);
    if (firstByteMs !== null) metrics.firstByte(firstByteMs / 1000);
    if (outcome === 'cut') metrics.aborted('engine');
    if (outcome === 'client_left' && firstByteMs !== null) metrics.aborted('client');
    const durationMs = round(performance.now() - this.#call.startedAt);
    const heldMs = round(this.#heldMs);
    const tokens = this.tally?.end({
      outcome,
      status,
      firstByteMs,
      durationMs,
      heldMs,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
    });
    if (tokens !== undefined && this.#route !== null) {
      metrics.tokens(this.#route.project, this.#route.hfModelId, tokens);
    }
    const level = levelOf(outcome, error);
    if (!logger.isLevelEnabled(level)) return tokens;
    const text = recordText({
      requestId: this.#call.requestId,
      traceId: this.traceId,
      project: shown(this.#call.project),
      principal: this.caller,
      operation: this.#call.operation,
      model: this.#model,
      modelId: this.#route?.modelId,
      jobId: this.#jobId,
      streamed: this.#streamed,
      status,
      outcome,
      error,
      attempts: this.#attempts,
      limitedBy: this.#limitedBy,
      heldMs,
      queuedMs: this.#queuedMs === 0 ? undefined : round(this.#queuedMs),
      firstByteMs,
      durationMs,
      bytes: this.#call.session === null ? null : { up: this.#bytesUp, down: this.#bytesDown },
      tokens,
    });
    logText(logger, level, text, 'inference request');
    return tokens;
  }
}

function levelOf(
  outcome: ExchangeOutcome,
  error: AppError | undefined,
): 'debug' | 'info' | 'warn' | 'error' {
  if (error !== undefined) return errorTable[error.code].log;
  return outcome === 'cut' || outcome === 'engine_error' ? 'warn' : 'info';
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
