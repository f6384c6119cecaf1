import type { DurationMs, ModelId, ProjectName, Route } from '@wakefield/domain';
import type { ExchangeView } from './exchange-view.ts';
import { expectedWords } from './expectation.ts';
import { preferredWaitSeconds } from './headers.ts';
import type { Held } from './hold-room.ts';
import { refusals } from './refusals.ts';

/** The waiting of one request, however often it has to. A stream is kept company meanwhile. */
export class Wait implements Held {
  modelId: ModelId = '';
  readonly project: ProjectName;
  readonly #view: ExchangeView;
  readonly #streamed: boolean;
  /** All waits of a request together may take the hold time, or the shorter one that the client prefers. */
  readonly #limitMs: DurationMs;
  /** Waits that are over. */
  #waitedMs: DurationMs = 0;
  /** null: it does not wait. */
  #since: DurationMs | null = null;
  #commentedAt: DurationMs = 0;

  constructor(view: ExchangeView, streamed: boolean) {
    this.#view = view;
    this.#streamed = streamed;
    this.project = view.call.project;
    const preferred = preferredWaitSeconds(view.call.client.header('prefer'));
    const longest = view.parts.limits.holdMs;
    this.#limitMs = Math.min(longest, preferred === null ? longest : preferred * 1000);
  }

  /** Nobody can take the request now: asks for the model's wake and waits, or refuses. */
  stay(route: Route): void {
    const { parts, record } = this.#view;
    if (route.idle) parts.wakes.poke(route, record);
    if (this.#since !== null) return;
    this.modelId = route.modelId;
    if (this.#waitedMs >= this.#limitMs) {
      parts.demand.touch(this.modelId);
      this.#giveUp(route);
      return;
    }
    const refusal = parts.holds.enter(this);
    if (refusal !== null) {
      this.#view.refuse(refusals.tooManyHeld(refusal));
      return;
    }
    this.#since = parts.clock.elapsed();
    parts.demand.hold(this.modelId);
  }

  leave(outcome: 'served' | 'refused' | 'left'): void {
    if (this.#since === null) return;
    const { parts, record } = this.#view;
    const lengthMs = parts.clock.elapsed() - this.#since;
    this.#since = null;
    this.#waitedMs += lengthMs;
    parts.holds.leave(this);
    parts.demand.release(this.modelId);
    record.held(lengthMs, outcome);
  }

  look(): void {
    if (this.#since !== null) this.#view.proceed();
  }

  tick(at: DurationMs): void {
    if (this.#since === null) return;
    const waitedMs = this.#waitedMs + at - this.#since;
    const route = this.#view.route();
    if (waitedMs >= this.#limitMs && route !== null) {
      this.leave('refused');
      this.#giveUp(route);
    } else if (this.#streamed) this.#comfort(at, waitedMs, route);
  }

  #giveUp(route: Route): void {
    const now = this.#view.parts.clock.now();
    const isUp = route.endpoints.length > 0;
    this.#view.refuse(isUp ? this.#view.nobody : refusals.modelLoading(route, now));
  }

  #comfort(at: DurationMs, waitedMs: DurationMs, route: Route | null): void {
    const { reply, parts } = this.#view;
    const { earlyHeadersMs, commentMs } = parts.limits;
    if (reply.early ? at - this.#commentedAt < commentMs : waitedMs < earlyHeadersMs) return;
    if (!reply.early) reply.openEarly();
    this.#commentedAt = at;
    const words = expectedWords(route?.expectedReady ?? null, parts.clock.now());
    const expected = words === null ? '' : ` (expected ${words})`;
    const elapsed = Math.round(waitedMs / 1000);
    reply.comment(`wakefield state=${route?.state ?? 'not_loaded'} elapsed=${elapsed}s${expected}`);
  }
}
