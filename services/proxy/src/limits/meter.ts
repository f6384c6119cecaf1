import {
  type DurationMs,
  fits,
  fitsAfterMs,
  type LimitScope,
  type Rate,
  type RequestLimits,
  rateOf,
  remainingOf,
  resetsAfterMs,
} from '@wakefield/domain';
import type { Peers } from './peers.ts';
import { SharedCount } from './shared-count.ts';
import { SharedLevel } from './shared-level.ts';

/** What is counted of requests. */
export type LimitKind = 'requests' | 'tokens' | 'concurrent';

/** One limit that slides, and where it stands. */
export interface Sliding {
  readonly kind: 'requests' | 'tokens';
  /** The same in every proxy. */
  readonly key: string;
  readonly perMinute: number;
  readonly rate: Rate;
  readonly shared: SharedLevel;
}

/** What stands in the way of a request. */
export interface Obstacle {
  readonly meter: Meter;
  readonly kind: LimitKind;
  readonly limit: number;
  /** How long until it would be let in, if nobody else came; infinite where it never is. */
  readonly afterMs: DurationMs;
}

/** How long one that met too many others is sent away for: until one of them may have ended. */
const afterOthersMs = 1000;

/** What one principal, project or model may use, and has used. */
export class Meter {
  readonly scope: LimitScope;
  readonly name: string;
  /** What it was made of: another one is applied by `limitTo`. */
  limits: RequestLimits;
  requests: Sliding | null = null;
  tokens: Sliding | null = null;
  readonly running = new SharedCount();
  readonly runningKey: string;
  readonly #burstMs: DurationMs;

  constructor(
    scope: LimitScope,
    name: string,
    limits: RequestLimits,
    burstMs: DurationMs,
    now: DurationMs,
  ) {
    this.scope = scope;
    this.name = name;
    this.limits = limits;
    this.#burstMs = burstMs;
    this.runningKey = `${scope}:${name}:running`;
    this.limitTo(limits, now);
  }

  /** What was used stays used. */
  limitTo(limits: RequestLimits, now: DurationMs): void {
    this.limits = limits;
    this.requests = this.#sliding('requests', limits.requestsPerMinute, this.requests, now);
    this.tokens = this.#sliding('tokens', limits.tokensPerMinute, this.tokens, now);
  }

  /**
   * What would stand in the way of one more request longest; null: nothing.
   * @param most the tokens that it asks for by number; null: it names none
   */
  obstacle(tokens: number, most: number | null, now: DurationMs, peers: Peers): Obstacle | null {
    const { concurrentRequests: together } = this.limits;
    let worst: Obstacle | null = null;
    if (together !== null && !this.running.fits(together, now, peers))
      worst = { meter: this, kind: 'concurrent', limit: together, afterMs: afterOthersMs };
    worst = later(worst, this.#blocks(this.requests, 1, now));
    return later(worst, this.#blocks(this.tokens, Math.max(this.costOf(tokens), most ?? 0), now));
  }

  /** How much a request takes that may need so many tokens: what is only estimated keeps nobody out for ever. */
  costOf(tokens: number): number {
    return this.tokens === null ? 0 : Math.min(tokens, this.tokens.rate.burst);
  }

  take(tokens: number, now: DurationMs, peers: Peers): void {
    this.running.begin();
    this.requests?.shared.use(1, this.requests.rate, now, peers);
    this.tokens?.shared.use(this.costOf(tokens), this.tokens.rate, now, peers);
  }

  /** One that was taken in is over. @param used tokens */
  give(tokens: number, used: number, takenAt: DurationMs, now: DurationMs, peers: Peers): void {
    this.running.end();
    if (this.tokens === null) return;
    const { shared, rate } = this.tokens;
    shared.settle(this.costOf(tokens), used, takenAt, rate, now, peers);
  }

  /** Whether other proxies have to hear of it: with what they do not know, all may be wrong by a hundredth of a limit. */
  isDue(now: DurationMs, peers: Peers): boolean {
    const { requests, tokens, running, limits } = this;
    if (running.isDue(limits.concurrentRequests ?? Number.POSITIVE_INFINITY, peers)) return true;
    if (requests?.shared.isDue(requests.rate, now, peers) === true) return true;
    return tokens?.shared.isDue(tokens.rate, now, peers) === true;
  }

  /** Whether other proxies should hear of it at once. */
  get isUrgent(): boolean {
    const { requests, tokens, running, limits } = this;
    if (requests?.shared.isUrgent(requests.rate) === true) return true;
    if (tokens?.shared.isUrgent(tokens.rate) === true) return true;
    return limits.concurrentRequests !== null && running.isUrgent(limits.concurrentRequests);
  }

  /** Whether nothing of it is worth remembering. */
  isIdle(now: DurationMs): boolean {
    if (this.running.own > 0 || this.running.isTold) return false;
    return [this.requests, this.tokens].every(
      (one) => one === null || one.shared.isIdle(one.rate, now),
    );
  }

  #sliding(
    kind: Sliding['kind'],
    perMinute: number | null,
    before: Sliding | null,
    now: DurationMs,
  ): Sliding | null {
    if (perMinute === null) return null;
    const shared = before?.shared ?? new SharedLevel(now);
    const key = `${this.scope}:${this.name}:${kind}`;
    return { kind, key, perMinute, rate: rateOf(perMinute, this.#burstMs), shared };
  }

  #blocks(sliding: Sliding | null, cost: number, now: DurationMs): Obstacle | null {
    if (sliding === null) return null;
    const { rate, shared, kind, perMinute } = sliding;
    const level = shared.level(rate, now);
    if (fits(level, cost, rate)) return null;
    return { meter: this, kind, limit: perMinute, afterMs: fitsAfterMs(level, cost, rate) };
  }
}

export function later(one: Obstacle | null, other: Obstacle | null): Obstacle | null {
  if (one === null || other === null) return one ?? other;
  return other.afterMs > one.afterMs ? other : one;
}

/** What is left of a limit now, and how long until all of it is there again. */
export function standing({ rate, shared }: Sliding, now: DurationMs) {
  const level = shared.level(rate, now);
  return { remaining: remainingOf(level, rate), resetMs: resetsAfterMs(level, rate) };
}
