import type { DurationMs, Route } from '@wakefield/domain';
import { newTraceId } from '@wakefield/runtime';
import type { OpenLine } from '../metering/meter.ts';
import { type InferenceCall, ownId } from './call.ts';
import { type CountedTokens, countTokens, guessPrompt } from './count-tokens.ts';
import type { InferenceParts } from './parts.ts';
import { nothingCame, type RelayEnd } from './relay.ts';
import type { Usage } from './usage.ts';

/** What nginx writes for a client that has left; nobody gets to see it. */
export const clientLeftCode = 499;

export type ExchangeOutcome = RelayEnd['outcome'] | 'refused' | 'client_left';

/** How a request came to its end. */
export interface TallyEnd {
  readonly outcome: ExchangeOutcome;
  /** 0: nobody was told anything. */
  readonly status: number;
  readonly firstByteMs: DurationMs | null;
  readonly durationMs: DurationMs;
  readonly heldMs: DurationMs;
  /** Of a session. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** One request as it is accounted for: told when it goes to an engine, and when it is over. */
export class Tally {
  usage: Usage | null = null;
  /** What has come of its answer. */
  come = nothingCame;
  readonly #parts: Pick<InferenceParts, 'usage' | 'clock' | 'routes'>;
  readonly #call: InferenceCall;
  readonly #caller: string | null;
  #model = '';
  #streamed = false;
  #bodyBytes = 0;
  #route: Route | null = null;
  #open: OpenLine | null = null;
  /** '': no engine has seen it. */
  #id = '';
  /** Whether an engine has it, or has answered it. */
  #atEngine = false;

  constructor(
    parts: Pick<InferenceParts, 'usage' | 'clock' | 'routes'>,
    call: InferenceCall,
    caller: string | null,
  ) {
    this.#parts = parts;
    this.#call = call;
    this.#caller = caller;
  }

  asked(model: string, streamed: boolean, bodyBytes: number): void {
    this.#model = model;
    this.#streamed = streamed;
    this.#bodyBytes = bodyBytes;
  }

  /** From now on it is counted, whatever becomes of this process. */
  sent(route: Route): void {
    this.#route = route;
    this.#atEngine = true;
    if (this.#id !== '') return;
    this.#id = this.#newId();
    this.#open = this.#parts.usage.begun({
      id: this.#id,
      at: this.#parts.clock.now(),
      project: route.project,
      hfModelId: route.hfModelId,
      service: null,
      principal: this.#caller,
      operation: this.#call.operation,
      streamed: this.#streamed,
      promptTokens: guessPrompt(this.#bodyBytes),
    });
  }

  /** Nothing came of it there. */
  lost(): void {
    this.#atEngine = false;
  }

  end(end: TallyEnd): CountedTokens {
    const tokens = this.#countTokens(end);
    const record = {
      id: this.#id === '' ? this.#newId() : this.#id,
      at: this.#parts.clock.now(),
      project: this.#call.project,
      hfModelId: this.#routedModel(),
      service: null,
      principal: this.#caller,
      operation: this.#call.operation,
      status: end.status === 0 ? clientLeftCode : end.status,
      outcome: end.outcome,
      streamed: this.#streamed,
      promptTokens: tokens.prompt,
      completionTokens: tokens.completion,
      cachedTokens: tokens.cached,
      estimated: tokens.estimated,
      durationMs: Math.round(end.durationMs),
      firstByteMs: end.firstByteMs === null ? null : Math.round(end.firstByteMs),
      heldMs: Math.round(end.heldMs),
      bytesUp: end.bytesUp,
      bytesDown: end.bytesDown,
    };
    this.#parts.usage.ended(record, this.#open);
    return tokens;
  }

  /** That of the request, where it is ours: a record is found by what the log says. */
  #newId(): string {
    return ownId(this.#call) ?? newTraceId();
  }

  /** What it named may be anything: only what is there is written down. */
  #routedModel(): string | null {
    const route = this.#route ?? this.#parts.routes()?.find(this.#call.project, this.#model);
    return route?.hfModelId ?? null;
  }

  #countTokens({ outcome, status }: TallyEnd): CountedTokens {
    const isAnswer = outcome === 'complete' || outcome === 'engine_error';
    // Inside of a stream that we have opened the engine's refusal is an event, and the only one.
    const saidNothing = outcome === 'engine_error' && this.come.chunks === 0;
    return countTokens({
      usage: this.usage,
      atEngine: this.#atEngine,
      failed: isAnswer && (status >= 400 || saidNothing),
      operation: this.#call.operation,
      bodyBytes: this.#bodyBytes,
      come: this.come,
    });
  }
}
