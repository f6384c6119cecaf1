import type { DurationMs, ModelId, ProjectName, Route, WaitsFor } from '@wakefield/domain';
import type { ExchangeView } from './exchange-view.ts';
import { expectedWords } from './expectation.ts';
import { preferredWaitSeconds } from './headers.ts';
import type { Held } from './hold-room.ts';
import { refusals } from './refusals.ts';
import { costOf } from './toll.ts';

/** The waiting of one request, however often it has to, and whatever for. A stream is kept company meanwhile. */
export class Wait implements Held {
  modelId: ModelId = '';
  readonly project: ProjectName;
  readonly principal: string;
  readonly weight: number;
  readonly #view: ExchangeView;
  readonly #bodyBytes: number;
  /** The client's own patience; null: it says nothing of it. */
  readonly #preferredMs: DurationMs | null;
  #waitsFor: WaitsFor = 'model';
  /** Waits that are over, by what they were for. */
  readonly #waitedMs: Record<WaitsFor, DurationMs> = { model: 0, place: 0 };
  /** null: it does not wait. */
  #since: DurationMs | null = null;
  #commentedAt: DurationMs = 0;

  constructor(view: ExchangeView, bodyBytes: number) {
    const { parts, call, record } = view;
    this.#view = view;
    this.project = call.project;
    this.principal = record.caller ?? '';
    this.weight = parts.rateLimits.weightOf(this.principal);
    this.#bodyBytes = bodyBytes;
    const seconds = preferredWaitSeconds(call.client.header('prefer'));
    this.#preferredMs = seconds === null ? null : seconds * 1000;
  }

  /** By what is known now: who came before anything was learned pays no more than who comes after. */
  get cost(): number {
    return costOf(this.#view, this.modelId, this.#bodyBytes);
  }

  /** Whether it is one of those who wait for places. */
  get isForPlace(): boolean {
    return this.#since !== null && this.#waitsFor === 'place';
  }

  /** Nobody can take the request now: asks for the model's wake where that is it, and waits, or refuses. */
  stay(route: Route, waitsFor: WaitsFor): void {
    const { parts, record } = this.#view;
    if (waitsFor === 'model' && route.idle) parts.wakes.poke(route, record);
    if (this.#since !== null) {
      this.#turnTo(waitsFor);
      return;
    }
    this.modelId = route.modelId;
    this.#waitsFor = waitsFor;
    if (this.#isTooLong(0)) {
      parts.demand.touch(this.modelId);
      this.#giveUp(route);
      return;
    }
    const refusal = parts.holds.enter(this, waitsFor);
    if (refusal !== null) {
      if (refusal === 'principal_full') record.limitedBy('principal', 'queue');
      this.#view.refuse(refusals.tooManyWait(refusal));
      return;
    }
    this.#since = parts.clock.elapsed();
    this.#count(1);
  }

  leave(outcome: 'served' | 'refused' | 'left'): void {
    if (this.#since === null) return;
    const { parts, record } = this.#view;
    const lengthMs = this.#pause();
    this.#since = null;
    parts.holds.leave(this, outcome === 'served');
    this.#count(-1);
    record.waited(this.#waitsFor, lengthMs, outcome);
  }

  look(): void {
    if (this.#since === null) return;
    const { parts } = this.#view;
    const route = this.#waitsFor === 'place' ? this.#view.route() : null;
    if (route === null || !parts.places.isFull(route)) this.#view.proceed();
  }

  tick(at: DurationMs): void {
    if (this.#since === null) return;
    const lengthMs = at - this.#since;
    const route = this.#view.route();
    if (route !== null && this.#isTooLong(lengthMs)) {
      this.leave('refused');
      this.#giveUp(route);
    } else if (this.#isCompanied) this.#comfort(at, this.#allMs + lengthMs, route);
  }

  /** Whether it can be told how it stands: an event stream can, an offer only waits for its answer. */
  get #isCompanied(): boolean {
    return this.#view.asked.streamed && this.#view.call.session === null;
  }

  /**
   * Waits for the model and those for places have a limit each, as they have different reasons; its client's patience is
   * one for both.
   * @param lengthMs of the wait that is under way
   */
  #isTooLong(lengthMs: DurationMs): boolean {
    const { holdMs, placeMs } = this.#view.parts.limits;
    const limitMs = this.#waitsFor === 'place' ? placeMs : holdMs;
    if (this.#waitedMs[this.#waitsFor] + lengthMs >= limitMs) return true;
    return this.#preferredMs !== null && this.#allMs + lengthMs >= this.#preferredMs;
  }

  get #allMs(): DurationMs {
    return this.#waitedMs.model + this.#waitedMs.place;
  }

  /** Its engines came, or went, while it waited. */
  #turnTo(waitsFor: WaitsFor): void {
    if (waitsFor === this.#waitsFor) return;
    const { parts, record } = this.#view;
    record.waited(this.#waitsFor, this.#pause(), waitsFor === 'place' ? 'served' : 'lost');
    this.#since = parts.clock.elapsed();
    this.#count(-1);
    this.#waitsFor = waitsFor;
    this.#count(1);
  }

  /** @returns how long the wait was that is over now */
  #pause(): DurationMs {
    const lengthMs = this.#view.parts.clock.elapsed() - (this.#since ?? 0);
    this.#waitedMs[this.#waitsFor] += lengthMs;
    return lengthMs;
  }

  #count(change: 1 | -1): void {
    const { demand } = this.#view.parts;
    if (this.#waitsFor === 'place') {
      if (change === 1) demand.queue(this.modelId);
      else demand.unqueue(this.modelId);
    } else if (change === 1) demand.hold(this.modelId);
    else demand.release(this.modelId);
  }

  #giveUp(route: Route): void {
    const now = this.#view.parts.clock.now();
    if (this.#waitsFor === 'place') this.#view.refuse(refusals.noPlace(this.#waitedMs.place));
    else if (route.endpoints.length > 0) this.#view.refuse(this.#view.nobody);
    else this.#view.refuse(refusals.modelLoading(route, now));
  }

  #comfort(at: DurationMs, waitedMs: DurationMs, route: Route | null): void {
    const { reply, parts } = this.#view;
    const { earlyHeadersMs, commentMs } = parts.limits;
    if (reply.early ? at - this.#commentedAt < commentMs : waitedMs < earlyHeadersMs) return;
    if (!reply.early) reply.openEarly();
    this.#commentedAt = at;
    const state = this.#waitsFor === 'place' ? 'busy' : (route?.state ?? 'not_loaded');
    const words = expectedWords(route?.expectedReady ?? null, parts.clock.now());
    const expected = words === null ? '' : ` (expected ${words})`;
    const elapsed = Math.round(waitedMs / 1000);
    reply.comment(`wakefield state=${state} elapsed=${elapsed}s${expected}`);
  }
}
