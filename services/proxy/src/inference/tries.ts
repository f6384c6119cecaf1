import type { Endpoint, JobId, ModelId, Route } from '@wakefield/domain';
import { Attempt, type AttemptOwner, type Loss } from './attempt.ts';
import type { ExchangeView } from './exchange-view.ts';
import { engineHeaders } from './headers.ts';
import { refusals } from './refusals.ts';
import type { RelayEnd } from './relay.ts';

/**
 * Engines that may see one request: the first, and two more when nothing came of it. Inference changes nothing,
 * so asking again is safe (RFC 9110 §9.2.2) as long as the client has seen nothing of an answer.
 */
const maxAttempts = 3;
/** An engine that dies over a request may have died of it: one more is asked, not two. */
const maxLost = 2;
/** SDKs repeat a 502 twice by themselves, and each time would cost as many engines again. */
const doNotRepeat = { 'x-should-retry': 'false' } as const;

/** The engines that were asked for one request: one at a time, a few at most. */
export class Tries implements AttemptOwner {
  readonly #view: ExchangeView;
  readonly #tried = new Set<JobId>();
  #attempts = 0;
  #lost = 0;
  /** The one that is under way. */
  #attempt: Attempt | null = null;
  #modelId: ModelId = '';
  #jobId: JobId = '';

  constructor(view: ExchangeView) {
    this.#view = view;
  }

  /** The endpoint to ask next, or null when there is none now. */
  choose(route: Route): Endpoint | null {
    return this.#view.parts.suspects.choose(route, this.#tried);
  }

  send(route: Route, endpoint: Endpoint, body: Buffer): void {
    const { parts, call, reply, record } = this.#view;
    this.#modelId = route.modelId;
    this.#jobId = endpoint.jobId;
    parts.demand.begin(route.modelId, endpoint.jobId);
    const attempt = new Attempt(reply, call.requestId, this);
    this.#attempt = attempt;
    const engineRequestId = record.sent(route, endpoint.jobId);
    const headers = engineHeaders(call.request, endpoint.engineKey, engineRequestId);
    parts.pools.post(endpoint, { path: call.path, headers, body }, attempt);
  }

  /** Whether what came of the answer so far ends between two events. */
  get atBoundary(): boolean {
    return this.#attempt?.atBoundary ?? false;
  }

  /** Ends the one that is under way, if there is one; nothing more is heard of it. */
  cancel(): void {
    this.#attempt?.cancel();
    this.#stop();
  }

  answered(): void {
    const { suspects, holds } = this.#view.parts;
    if (suspects.clear(this.#jobId)) holds.kick(this.#modelId);
  }

  hasAlternative(): boolean {
    if (this.#attempts + 1 >= maxAttempts) return false;
    const others = this.#view.route()?.endpoints ?? [];
    return others.some(({ jobId }) => jobId !== this.#jobId && !this.#tried.has(jobId));
  }

  lost(loss: Loss, cause: unknown): void {
    this.#stop();
    this.#view.record.lost(loss, this.#jobId, cause);
    if (loss === 'unsendable') {
      this.#view.refuse(refusals.unsendable());
      return;
    }
    if (loss === 'lost') this.#lost += 1;
    else this.#view.parts.suspects.mark(this.#jobId);
    if (loss !== 'refused') {
      this.#attempts += 1;
      this.#tried.add(this.#jobId);
    }
    if (this.#lost >= maxLost) this.#view.refuse(refusals.deadly(), doNotRepeat);
    else if (this.#attempts >= maxAttempts) this.#view.refuse(refusals.noEngine());
    else this.#view.proceed();
  }

  done(end: RelayEnd): void {
    this.#stop();
    if (end.usage !== null) this.#view.record.usage = end.usage;
    this.#view.finish(end.outcome);
  }

  #stop(): void {
    if (this.#attempt === null) return;
    this.#attempt = null;
    this.#view.parts.demand.end(this.#modelId, this.#jobId);
  }
}
