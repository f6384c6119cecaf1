import { errorTable } from '@wakefield/contracts';
import type { AppError, DurationMs, JobId, Route, TimeLimit, UsageRecord } from '@wakefield/domain';
import { newTraceId, parseTraceparent } from '@wakefield/runtime';
import type { RouteClass } from '../metrics.ts';
import type { Operation } from '../server/classify.ts';
import { EngineTimeoutError } from '../upstream/engine-timeout.ts';
import type { Loss } from './attempt.ts';
import type { InferenceCall } from './call.ts';
import { type CountedTokens, countTokens, guessPrompt } from './count-tokens.ts';
import type { InferenceParts } from './parts.ts';
import { failureFields, shown } from './refusals.ts';
import type { RelayEnd } from './relay.ts';
import type { Reply } from './reply.ts';
import type { Usage } from './usage.ts';

export type ExchangeOutcome = RelayEnd['outcome'] | 'refused' | 'client_left';

const routeClasses: Readonly<Record<Operation, RouteClass>> = {
  'chat/completions': 'chat_completions',
  completions: 'completions',
  embeddings: 'embeddings',
};
/** What nginx writes for it; nobody gets to see it. */
const clientLeftCode = 499;

/** What is counted and logged of one request. Never what was asked or answered. */
export class ExchangeRecord {
  usage: Usage | null = null;
  /** Events of a stream that have come. */
  chunks = 0;
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
  readonly #isCounted: boolean;
  #usageId = '';
  #bodyBytes = 0;
  /** Whether an engine has it, or has answered it. */
  #atEngine = false;

  /** @param isCounted whether its usage is: whoever is not let into a project uses nothing of it */
  constructor(
    parts: InferenceParts,
    call: InferenceCall,
    caller: string | null,
    isCounted = false,
  ) {
    this.#parts = parts;
    this.#call = call;
    this.caller = caller;
    this.#isCounted = isCounted;
  }

  /** The caller's trace, or a new one. */
  get traceId(): string {
    if (this.#traceId === '') {
      const { client, requestId } = this.#call;
      const own = this.#idIsOurs ? requestId.slice('req_'.length) : null;
      const given = parseTraceparent(client.header('traceparent'))?.traceId;
      this.#traceId = given ?? own ?? newTraceId();
    }
    return this.#traceId;
  }

  asked(model: string, streamed: boolean, bodyBytes: number): void {
    this.#model = shown(model);
    this.#streamed = streamed;
    this.#bodyBytes = bodyBytes;
  }

  /** @returns the request id for the engine: vLLM wants it unique, whatever callers send */
  sent(route: Route, jobId: JobId): string {
    this.#route = route;
    this.#jobId = jobId;
    this.#attempts += 1;
    this.#atEngine = true;
    if (this.#usageId === '') this.#begin(route);
    const { requestId } = this.#call;
    const isUnique = this.#idIsOurs && this.#attempts === 1;
    return isUnique ? requestId : `${requestId}-${newTraceId().slice(0, 8)}`;
  }

  /** Whether the request id was made here: callers may send what looks like it, and the same one twice. */
  get #idIsOurs(): boolean {
    return this.#call.client.header('x-request-id') !== this.#call.requestId;
  }

  lost(loss: Loss, jobId: JobId, cause: unknown): void {
    const { metrics, logger } = this.#parts;
    this.#atEngine = false;
    metrics.retry(loss);
    if (cause instanceof EngineTimeoutError) metrics.timedOut(cause.limit);
    logger.warn(
      { requestId: this.#call.requestId, traceId: this.traceId, jobId, loss, err: cause },
      'attempt brought nothing',
    );
  }

  timedOut(limit: TimeLimit): void {
    this.#parts.metrics.timedOut(limit);
  }

  held(lengthMs: DurationMs, outcome: 'served' | 'refused' | 'left'): void {
    this.#heldMs += lengthMs;
    this.#parts.metrics.held(lengthMs / 1000, outcome);
  }

  /** Once, at the end: the figures and the one line of the log. */
  finish(
    outcome: ExchangeOutcome,
    reply: Pick<Reply, 'status' | 'firstByteAt'>,
    error?: AppError,
  ): void {
    const { metrics, logger } = this.#parts;
    const status = outcome === 'client_left' ? clientLeftCode : reply.status;
    metrics.request(routeClasses[this.#call.operation], status);
    const firstByteMs =
      reply.firstByteAt === null ? null : round(reply.firstByteAt - this.#call.startedAt);
    if (firstByteMs !== null) metrics.firstByte(firstByteMs / 1000);
    if (outcome === 'cut') metrics.aborted('engine');
    if (outcome === 'client_left' && firstByteMs !== null) metrics.aborted('client');
    const tokens = this.#countTokens(outcome, status);
    if (this.#route !== null && tokens.prompt + tokens.completion > 0) {
      metrics.tokens(this.#route.project, this.#route.hfModelId, tokens);
    }
    if (this.#isCounted)
      this.#parts.usage.ended(this.#usageRecord(outcome, status, tokens, firstByteMs));
    logger[levelOf(outcome, error)](
      {
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
        ...(error === undefined ? null : failureFields(error)),
        attempts: this.#attempts,
        heldMs: round(this.#heldMs),
        firstByteMs,
        durationMs: round(performance.now() - this.#call.startedAt),
        promptTokens: tokens.prompt,
        completionTokens: tokens.completion,
        tokensEstimated: tokens.estimated || undefined,
      },
      'inference request',
    );
  }

  /** From now on it is counted, whatever becomes of this process. */
  #begin(route: Route): void {
    this.#usageId = this.#newUsageId();
    if (!this.#isCounted) return;
    this.#parts.usage.begun({
      id: this.#usageId,
      at: this.#parts.clock.now(),
      project: route.project,
      hfModelId: route.hfModelId,
      principal: this.caller,
      operation: this.#call.operation,
      streamed: this.#streamed,
      promptTokens: guessPrompt(this.#bodyBytes),
    });
  }

  /** That of the request, where it is ours: a record is found by what the log says. */
  #newUsageId(): string {
    return this.#idIsOurs ? this.#call.requestId.slice('req_'.length) : newTraceId();
  }

  /** What it named may be anything: only what is there is written down. */
  #routedModel(): string | null {
    if (this.#route !== null) return this.#route.hfModelId;
    const route = this.#parts.routes()?.find(this.#call.project, this.#model ?? '');
    return route?.hfModelId ?? null;
  }

  #countTokens(outcome: ExchangeOutcome, status: number): CountedTokens {
    return countTokens({
      usage: this.usage,
      atEngine: this.#atEngine,
      // Inside of a stream that we have opened the engine's refusal is an event, and the only one.
      failed:
        outcome !== 'client_left' &&
        (status >= 400 || (outcome === 'engine_error' && this.chunks === 0)),
      operation: this.#call.operation,
      bodyBytes: this.#bodyBytes,
      chunks: this.chunks,
    });
  }

  #usageRecord(
    outcome: ExchangeOutcome,
    status: number,
    { prompt, completion, cached, estimated }: CountedTokens,
    firstByteMs: DurationMs | null,
  ): UsageRecord {
    return {
      id: this.#usageId === '' ? this.#newUsageId() : this.#usageId,
      at: this.#parts.clock.now(),
      project: this.#call.project,
      hfModelId: this.#routedModel(),
      principal: this.caller,
      operation: this.#call.operation,
      // Without a head nobody was told anything.
      status: status === 0 ? clientLeftCode : status,
      outcome,
      streamed: this.#streamed,
      promptTokens: prompt,
      completionTokens: completion,
      cachedTokens: cached,
      estimated,
      durationMs: Math.round(performance.now() - this.#call.startedAt),
      firstByteMs: firstByteMs === null ? null : Math.round(firstByteMs),
      heldMs: Math.round(this.#heldMs),
    };
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
