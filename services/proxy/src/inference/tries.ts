import {
  type Address,
  type AppError,
  type DurationMs,
  type Endpoint,
  isOwnFailure,
  type JobId,
  type ModelId,
  type Route,
} from '@wakefield/domain';
import { type EngineStalledError, EngineTimeoutError } from '../upstream/engine-timeout.ts';
import { type Splice, spliced } from './ask-usage.ts';
import { Attempt, type AttemptOwner, type Loss } from './attempt.ts';
import { Casualties } from './casualties.ts';
import { endCrashed } from './crash.ts';
import { hasNullsByAsking } from './engine-habits.ts';
import type { ExchangeView } from './exchange-view.ts';
import { forgetMoved } from './forget-moved.ts';
import { engineHeaders } from './headers.ts';
import { learnLength, learnOfBreak } from './learn-length.ts';
import { refusals } from './refusals.ts';
import type { RelayEnd } from './relay.ts';
import { UsageCut } from './usage-cut.ts';

/**
 * Engines that may see one request: the first, and two more when nothing came of it. Inference changes nothing,
 * so asking again is safe (RFC 9110 §9.2.2) as long as the client has seen nothing of an answer.
 */
const maxAttempts = 3;
/** In all: after those it waits for engines that were not there yet, and some of these may see it, too. */
const mostAttempts = 6;
const none: ReadonlyMap<JobId, Address> = new Map();

/** The engines that were asked for one request: one at a time, a few at most. */
export class Tries implements AttemptOwner {
  readonly #view: ExchangeView;
  /** Endpoints that are not asked again before others were: few requests ever have any. */
  #tried: Map<JobId, Address> | null = null;
  #casualties: Casualties | null = null;
  #attempts = 0;
  /** Those of them after which the engine was lost, and not only the way to it. */
  #engines = 0;
  /** The one that is under way. */
  #attempt: Attempt | null = null;
  #modelId: ModelId = '';
  #endpoint: Endpoint | null = null;
  /** Of the clock that never goes back. */
  #sentAt: DurationMs = 0;
  /** Of the answer that has begun. */
  #status = 0;
  /** The last one could not be connected to in time. */
  #unreached: EngineTimeoutError | null = null;
  /** Whether it had said before it was asked that its core is gone: it does not die of this request. */
  #wasDead = false;
  /** The job whose engine has refused this request because of what we asked besides. */
  #refusedUsage: JobId | null = null;

  constructor(view: ExchangeView) {
    this.#view = view;
  }

  /** The endpoint to ask next, or null when there is none now. Nobody else is told: it may have to wait. */
  choose(route: Route): Endpoint | null {
    const { parts, asked } = this.#view;
    const needed = parts.lengths.needed(route.modelId, asked);
    const choose = (tried: ReadonlyMap<JobId, Address>) =>
      parts.picker.pick(route, parts.suspects.excludedFor(route, tried), needed, this.#view);
    const tried = this.#tried;
    if (tried === null) return choose(none);
    forgetMoved(tried, route);
    const fresh = choose(tried);
    if (fresh !== null || tried.size === 0 || this.#engines >= maxAttempts) return fresh;
    tried.clear();
    return choose(tried);
  }

  /** Endpoints that saw it already; null: none. */
  get tried(): ReadonlyMap<JobId, Address> | null {
    return this.#tried;
  }

  send(route: Route, endpoint: Endpoint): void {
    const { parts, call, reply, record, session, limits, requestBody } = this.#view;
    this.#modelId = route.modelId;
    this.#endpoint = endpoint;
    this.#sentAt = parts.clock.elapsed();
    this.#wasDead = parts.suspects.isDead(endpoint);
    parts.suspects.sent(endpoint.jobId);
    parts.picker.sent(route, endpoint.jobId, this.#view);
    parts.demand.begin(route.modelId, endpoint.jobId);
    const splice = this.#spliceFor(route, endpoint);
    const cut = splice === null ? null : this.#cutFor(route, endpoint);
    const attempt = new Attempt(reply, call.requestId, this, cut, session);
    this.#attempt = attempt;
    const engineRequestId = record.sent(route, endpoint.jobId);
    const headers = engineHeaders(call.client, endpoint.engineKey, engineRequestId);
    const onNewConnection = this.mayBeDeadly;
    const { bytes } = requestBody;
    const body = splice === null ? bytes : spliced(bytes, splice);
    requestBody.sending(body);
    const offer = session === null ? null : parts.limits;
    const request = { offer, path: call.path, headers, body, onNewConnection, limits };
    parts.pools.post(endpoint, request, attempt);
  }

  /** Why no engine could be asked, as far as it is known. */
  get nobody(): AppError {
    return this.#unreached === null ? refusals.noEngine() : refusals.timedOut(this.#unreached);
  }

  /** How its body asks this engine for usage; null: it does not. */
  #spliceFor(route: Route, { jobId }: Endpoint): Splice | null {
    const { parts, splice } = this.#view;
    if (splice === null || this.#refusedUsage !== null || !parts.asksUsage(route)) return null;
    return parts.habits.of(jobId).refusesUsage ? null : splice;
  }

  #cutFor({ engine }: Route, { jobId }: Endpoint): UsageCut {
    const { parts, call } = this.#view;
    return new UsageCut(parts.habits.of(jobId), hasNullsByAsking(engine, call.operation));
  }

  get #sent() {
    return { modelId: this.#modelId, sentAt: this.#sentAt };
  }

  /** Whether an engine may have died of the request: it is not to be repeated. */
  get mayBeDeadly(): boolean {
    return this.#casualties?.any ?? false;
  }

  /** Whether no socket holds what was sent last. */
  get isTaken(): boolean {
    return this.#attempt?.isTaken ?? false;
  }

  /** Whether what came of the answer so far ends between two events. */
  get atBoundary(): boolean {
    return this.#attempt?.atBoundary ?? false;
  }

  /** Ends the one that is under way, if there is one; nothing more is heard of it. */
  cancel(): void {
    if (this.#attempt === null) return;
    this.#attempt?.tell(this.#view.record.tally);
    this.#attempt.cancel();
    learnOfBreak(this.#view, this.#sent);
    this.#stop();
  }

  /** The client has gone. @returns whether the answer was complete: it is finished then */
  leave(): boolean {
    return this.#attempt?.leave() ?? false;
  }

  declined(): void {
    this.#stop();
    this.#view.refuse(refusals.noSessions());
  }

  answered(status: number): void {
    this.#status = status;
    this.#learnOfUsage(status);
    // The head of a dead one's answer says nothing yet.
    if (this.#wasDead) return;
    if (this.#view.parts.suspects.answered(this.#endpoint?.jobId ?? '')) this.#release();
  }

  hasAlternative(): boolean {
    if (this.#engines + 1 >= maxAttempts) return false;
    const others = this.#view.route()?.endpoints ?? [];
    return others.some(
      ({ jobId }) => jobId !== this.#endpoint?.jobId && this.#tried?.has(jobId) !== true,
    );
  }

  lost(loss: Loss, cause: unknown): void {
    const endpoint = this.#endpoint;
    if (endpoint === null) return;
    this.#stop();
    this.#view.requestBody.lost();
    this.#unreached = cause instanceof EngineTimeoutError ? cause : null;
    this.#view.record.lost(loss, endpoint.jobId, cause);
    if (loss === 'usage_refused') {
      this.#refusedUsage = endpoint.jobId;
      this.#view.proceed();
      return;
    }
    if (loss === 'unsendable') {
      this.#view.refuse(refusals.unsendable());
      return;
    }
    this.#remember(loss, endpoint);
    if (this.#casualties?.tooMany === true) this.#view.refuse(refusals.deadly());
    else if (this.#attempts >= mostAttempts) this.#view.refuse(this.nobody);
    else this.#view.proceed();
  }

  timedOut(error: EngineTimeoutError, atBoundary: boolean): void {
    this.#attempt?.tell(this.#view.record.tally);
    learnOfBreak(this.#view, this.#sent);
    if (this.#endpoint !== null) this.#view.parts.suspects.failed(this.#endpoint, this.#sentAt);
    this.#stop();
    this.#view.record.timedOut(error.limit);
    this.#view.breakOff(refusals.timedOut(error), atBoundary);
  }

  /** Nothing is held against it: it may be slower than its client speaks. */
  stalled({ afterMs }: EngineStalledError, atBoundary: boolean): void {
    this.#attempt?.tell(this.#view.record.tally);
    this.#stop();
    this.#view.breakOff(refusals.stalled(afterMs), atBoundary);
  }

  crashed(error: unknown): void {
    this.#attempt?.tell(this.#view.record.tally);
    this.#stop();
    endCrashed(this.#view, error);
  }

  done(end: RelayEnd): void {
    this.#attempt?.tell(this.#view.record.tally);
    learnLength(this.#view, this.#sent, this.#status, end);
    this.#judge(end);
    this.#stop();
    const { tally } = this.#view.record;
    if (tally !== null) tally.usage = end.usage;
    this.#view.finish(end.outcome);
  }

  /** What it takes without our question it has refused for that: no other request asks it. */
  #learnOfUsage(status: number): void {
    const jobId = this.#refusedUsage;
    if (jobId === null || jobId !== this.#endpoint?.jobId || status >= 400) return;
    const { parts } = this.#view;
    parts.habits.of(jobId).refusesUsage = true;
    parts.logger.info({ jobId }, 'an engine refuses to tell the usage of streams; it is estimated');
  }

  /** What the loss says about the endpoint, and about the request. */
  #remember(loss: Loss, endpoint: Endpoint): void {
    const { suspects, clock, logger } = this.#view.parts;
    const { jobId, cluster, address } = endpoint;
    if (loss === 'foreign') {
      const words = 'an engine that is not ours answers at the address of this job; avoiding it';
      if (suspects.shun(endpoint)) logger.warn({ jobId, cluster, address }, words);
      return;
    }
    const afterMs = clock.elapsed() - this.#sentAt;
    this.#casualties ??= new Casualties();
    const again = this.#casualties.heed(loss, endpoint, afterMs, this.#wasDead);
    const isWay = loss === 'cut_off';
    // A first loss may be an idle connection that the engine was closing: it is asked again at once. So it is when the way
    // was lost; where that is lost again there is none for now, for anybody.
    const blamed = isWay ? this.#attempts > 0 : loss !== 'lost';
    if (blamed || again) suspects.mark(endpoint, loss === 'died', this.#sentAt);
    // No engine has seen it.
    if (loss === 'refused') return;
    this.#asked.set(jobId, address);
    this.#attempts += 1;
    // The engine may be well, and nobody else may come in its place.
    if (isWay) return;
    this.#engines += 1;
    if (this.#engines === maxAttempts) this.#giveUpAll();
  }

  /** What its answer says about the endpoint. */
  #judge({ outcome }: RelayEnd): void {
    const { suspects } = this.#view.parts;
    if (this.#endpoint === null) return;
    const failed = outcome === 'cut' || isOwnFailure(this.#status);
    if (failed) suspects.failed(this.#endpoint, this.#sentAt);
    else if (suspects.clear(this.#endpoint.jobId)) this.#release();
  }

  /** It had been suspect, and is none any more: who waits for an endpoint looks again. */
  #release(): void {
    this.#view.parts.holds.kick(this.#modelId);
  }

  /** From now on only endpoints count that are not there yet. */
  #giveUpAll(): void {
    for (const { jobId, address } of this.#view.route()?.endpoints ?? []) {
      this.#asked.set(jobId, address);
    }
  }

  get #asked(): Map<JobId, Address> {
    this.#tried ??= new Map();
    return this.#tried;
  }

  #stop(): void {
    if (this.#attempt === null || this.#endpoint === null) return;
    this.#attempt = null;
    this.#view.parts.demand.end(this.#modelId, this.#endpoint.jobId);
  }
}
