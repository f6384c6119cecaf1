import {
  type DurationMs,
  equalShare,
  levelAfter,
  nextShare,
  type Rate,
  resetsAfterMs,
  settledLevel,
} from '@wakefield/domain';
import { nearShare, type Peers, slightShare, staleAfterMs, urgentShare } from './peers.ts';

/**
 * The level of one limit over all proxies, as far as it is known here. Between two words of the others this proxy
 * counts on them to use as much as before beside what it uses itself; each word sets it right.
 */
export class SharedLevel {
  #level = 0;
  #at: DurationMs;
  /** When it was at zero last. */
  #emptiedAt: DurationMs;
  /** Used here and not yet in a report, and since when there is something. */
  #unreported = 0;
  #unreportedAt: DurationMs = 0;
  /** As it was told last. */
  #told = 0;
  #toldAt: DurationMs;
  /** In the report that is under way. */
  #inReport = 0;
  /** This proxy's part of what is used; null: not known. */
  #share: number | null = null;

  constructor(now: DurationMs) {
    this.#at = now;
    this.#emptiedAt = now;
    this.#toldAt = now;
  }

  level(rate: Rate, now: DurationMs): number {
    const passed = now - this.#at;
    if (passed > 0) {
      const emptyAfter = resetsAfterMs(this.#level, rate);
      if (emptyAfter <= passed) this.#emptiedAt = this.#level === 0 ? now : this.#at + emptyAfter;
      this.#level = levelAfter(this.#level, passed, rate);
      this.#at = now;
    }
    return this.#level;
  }

  use(cost: number, rate: Rate, now: DurationMs, peers: Peers): void {
    this.#level = this.level(rate, now) + cost * this.#factor(now, peers);
    this.#count(cost, now);
  }

  /** What became of what was reserved at that moment. */
  settle(
    reserved: number,
    used: number,
    reservedAt: DurationMs,
    rate: Rate,
    now: DurationMs,
    peers: Peers,
  ): void {
    if (used > reserved) {
      this.use(used - reserved, rate, now, peers);
      return;
    }
    const before = this.level(rate, now);
    // What was reserved counts once since the others have heard of it, and in full as long as they cannot.
    const factor = peers.alone ? peers.proxies : 1;
    const emptied = this.#emptiedAt > reservedAt;
    this.#level = settledLevel(before, reserved * factor, used * factor, emptied);
    this.#count((this.#level - before) / factor, now);
  }

  /** Whether the others have to hear of it: it is worth telling, or may decide soon. */
  isDue(rate: Rate, now: DurationMs, { proxies }: Peers): boolean {
    const slight = (rate.burst * slightShare) / proxies;
    if (Math.abs(this.#unreported) >= slight) return true;
    return this.level(rate, now) >= rate.burst * nearShare;
  }

  /** Whether so much was used since the last word that the others should hear of it at once. */
  isUrgent({ burst }: Rate): boolean {
    return this.#unreported >= burst * urgentShare;
  }

  /** Nothing of it counts any more. */
  isIdle(rate: Rate, now: DurationMs): boolean {
    return this.level(rate, now) === 0;
  }

  /** Takes what is new into a report. @returns what was used, and what the level is as it was told */
  report(
    rate: Rate,
    now: DurationMs,
    { proxies }: Peers,
  ): { readonly used: number; readonly known: number } {
    // After a silence most of what was used is down again, and the rest was counted as if all used as much.
    const unheard = now - this.#unreportedAt > staleAfterMs;
    this.#inReport = Math.min(this.#unreported, this.level(rate, now) / (unheard ? proxies : 1));
    this.#unreported = 0;
    return { used: this.#inReport, known: levelAfter(this.#told, now - this.#toldAt, rate) };
  }

  /** The report came to nothing, as far as anybody knows: the next one says it. */
  takeBack(): void {
    this.#unreported += this.#inReport;
    this.#inReport = 0;
  }

  /** @param level of all proxies, with what was in the report */
  learn(level: number, rate: Rate, now: DurationMs, peers: Peers): void {
    const all = level - levelAfter(this.#told, now - this.#toldAt, rate);
    const known = this.#isStale(now) ? null : this.#share;
    const own = this.#inReport;
    if (own > 0) this.#share = nextShare(known, own, all, peers.proxies);
    this.#inReport = 0;
    this.#told = level;
    this.#toldAt = now;
    // The others may not have told yet what they used in the same time.
    const factor = this.#factor(now, peers);
    const untold = Math.max(0, own) * (factor - 1) + this.#unreported * factor;
    this.#level = Math.max(0, level + untold);
    this.#at = now;
    if (this.#level === 0) this.#emptiedAt = now;
  }

  #count(used: number, now: DurationMs): void {
    if (this.#unreported === 0) this.#unreportedAt = now;
    this.#unreported += used;
  }

  #isStale(now: DurationMs): boolean {
    return now - this.#toldAt > staleAfterMs;
  }

  /** Others use so many times what is used here, itself among it; who has heard nothing lately takes all for equal. */
  #factor(now: DurationMs, { proxies, alone }: Peers): number {
    if (alone || this.#share === null || this.#isStale(now)) return 1 / equalShare(proxies);
    return 1 / this.#share;
  }
}
