import type { IncomingMessage } from 'node:http';
import {
  type AppError,
  type DurationMs,
  isAppError,
  type Principal,
  type RequestOutcome,
} from '@wakefield/domain';
import { newTraceId } from '@wakefield/runtime';
import { type CountedTokens, guessPrompt } from '../inference/count-tokens.ts';
import type { Traffic } from '../inference/session/session-relay.ts';
import { clientLeftCode } from '../inference/tally.ts';
import type { Ticket } from '../limits/limits.ts';
import { byName } from '../limits/rate-headers.ts';
import type { OpenLine } from '../metering/meter.ts';
import type { ClientCall } from '../server/client-call.ts';
import { switchingProtocols } from '../upstream/answer/switching.ts';
import type { ReadyService } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import { whatOf } from './passed.ts';
import type { Running } from './running.ts';

/** What is asked of a service: something of its own, or of its engine on behalf of a caller. */
export type ServiceOperation =
  | 'service'
  | 'service/websocket'
  | 'service/models'
  | 'service/prompt';

/** A request to a service that answers, of somebody who may send it. */
export interface Entering {
  readonly ready: ReadyService;
  readonly who: Principal;
  readonly client: ClientCall;
  readonly request: IncomingMessage;
  readonly requestId: string;
  readonly operation: ServiceOperation;
  /** When its head was there, by the clock that never goes back. */
  readonly startedAt: DurationMs;
  /** Of a prompt; null: how many tokens it takes cannot be told. */
  readonly prompt: { readonly bytes: number; readonly maxTokens: number | null } | null;
  /** Ends a session with a word; null: it is none. */
  readonly leave: ((why: AppError) => void) | null;
}

export const noTokens: CountedTokens = { prompt: 0, completion: 0, cached: 0, estimated: false };

/**
 * Lets a request to a service begin, as far as limits go and there is room, and counts it from then on until its client is gone.
 * @throws AppError `rate_limit_exceeded`, `overloaded`, `shutting_down`
 */
export function enter(parts: ServiceParts, running: Running, entering: Entering): ServiceRecord {
  const { ready, who, client, prompt, leave } = entering;
  const record = new ServiceRecord(parts, entering);
  let over: (() => void) | null = null;
  let ticket: Ticket | null = null;
  client.onceClosed(() => {
    over?.();
    const used = record.end();
    ticket?.finish(used);
  });
  const { project } = ready;
  const admission = parts.rateLimits.admitToService({ principal: who.id, project, prompt });
  record.rateHeaders = byName(admission?.headers ?? []);
  if (admission !== null && admission.refusal !== null) {
    const { limit, scope, refusal } = admission;
    parts.metrics.rateLimited(limit, scope);
    record.refused(`${scope} ${limit}`);
    throw refusal;
  }
  ticket = admission?.ticket ?? null;
  const { serviceId, endpoint } = ready;
  const cutOff = (): void => {
    record.cut();
    client.cutOff();
  };
  try {
    over = running.begin({ serviceId, jobId: endpoint.jobId, who, leave, cutOff });
  } catch (error) {
    record.refused();
    throw error;
  }
  record.sent();
  return record;
}

/** One request to a service, or session with it, as it is accounted for. Never what was asked or answered. */
export class ServiceRecord implements Traffic {
  /** Where its caller stands with the limits; none: nothing limits it. */
  rateHeaders: Readonly<Record<string, string>> = {};
  /** Of a prompt: guessed until its engine has told them. */
  tokens: CountedTokens = noTokens;
  readonly #parts: ServiceParts;
  readonly #entering: Entering;
  readonly #id = newTraceId();
  #open: OpenLine | null = null;
  #firstByteAt: DurationMs | null = null;
  #fate: 'refused' | 'cut' | null = null;
  #limitedBy: string | null = null;
  #bytesUp = 0;
  #bytesDown = 0;

  constructor(parts: ServiceParts, entering: Entering) {
    this.#parts = parts;
    this.#entering = entering;
  }

  /** From now on it is counted, whatever becomes of this process. */
  sent(): void {
    const { prompt } = this.#entering;
    if (prompt !== null) {
      this.tokens = { ...noTokens, prompt: guessPrompt(prompt.bytes), estimated: true };
    }
    const { usage, clock } = this.#parts;
    const names = this.#names();
    this.#open = usage.begun({ ...names, at: clock.now(), promptTokens: this.tokens.prompt });
  }

  passed(direction: 'up' | 'down', bytes: number): void {
    if (direction === 'up') this.#bytesUp += bytes;
    else this.#bytesDown += bytes;
    this.#parts.metrics.passedToService(direction, bytes);
  }

  /** The service has begun to answer. */
  answered(): void {
    this.#firstByteAt ??= this.#parts.clock.elapsed();
  }

  /** What its client is told is ours. @param limitedBy scope and limit, in words */
  refused(limitedBy: string | null = null): void {
    this.#fate = 'refused';
    this.#limitedBy = limitedBy;
  }

  /** An answer has begun and does not come to its end. */
  cut(): void {
    this.#fate ??= 'cut';
  }

  /** Its engine gave nothing that could be passed on. One that took too long was at work on it. */
  failed(error: unknown): void {
    this.refused();
    const code = isAppError(error) ? error.code : null;
    if (!code?.endsWith('_timeout') || code === 'connect_timeout') this.tokens = noTokens;
  }

  /** Its client is gone. @returns tokens, all together */
  end(): number {
    const { client, startedAt } = this.#entering;
    const { usage, clock, metrics } = this.#parts;
    const outcome = this.#outcome();
    const status = outcome === 'client_left' ? clientLeftCode : client.status;
    const durationMs = clock.elapsed() - startedAt;
    const { prompt, completion, cached, estimated } = this.tokens;
    if (status === switchingProtocols) metrics.serviceSession(durationMs / 1000);
    const firstByteMs = this.#firstByteAt === null ? null : this.#firstByteAt - startedAt;
    usage.ended(
      {
        ...{ ...this.#names(), at: clock.now(), status, outcome, estimated },
        ...{ promptTokens: prompt, completionTokens: completion, cachedTokens: cached },
        durationMs: Math.round(durationMs),
        firstByteMs: firstByteMs === null ? null : Math.round(firstByteMs),
        ...{ heldMs: 0, bytesUp: this.#bytesUp, bytesDown: this.#bytesDown },
      },
      this.#open,
    );
    this.#say(status, outcome, durationMs);
    return prompt + completion;
  }

  #say(status: number, outcome: RequestOutcome, durationMs: DurationMs): void {
    const { request, requestId, ready, who, operation } = this.#entering;
    this.#parts.logger.info(
      {
        ...{ requestId, ...whatOf(request, ready.serviceId), jobId: ready.endpoint.jobId },
        ...{ project: ready.project, principal: who.id, operation, status, outcome },
        ...(this.#limitedBy === null ? {} : { limitedBy: this.#limitedBy }),
        durationMs: Math.round(durationMs),
        bytes: { up: this.#bytesUp, down: this.#bytesDown },
      },
      'service request',
    );
  }

  #names() {
    const { ready, who, operation } = this.#entering;
    const { project, serviceId: service } = ready;
    const streamed = operation === 'service/websocket';
    return {
      id: this.#id,
      project,
      hfModelId: null,
      service,
      principal: who.id,
      operation,
      streamed,
    };
  }

  #outcome(): RequestOutcome {
    const { status, finished } = this.#entering.client;
    if (this.#fate === 'cut') return 'cut';
    // A session ends as either side likes.
    if (status === switchingProtocols) return 'complete';
    if (!finished) return 'client_left';
    if (this.#fate === 'refused') return 'refused';
    return status >= 500 ? 'engine_error' : 'complete';
  }
}
