import { type DurationMs, equalShare, nextShare } from '@wakefield/domain';
import { type Peers, staleAfterMs, urgentShare } from './peers.ts';

/** How many requests of something are under way in all proxies, as far as it is known here. */
export class SharedCount {
  /** In this proxy. */
  own = 0;
  /** In all others, as they told last. */
  #others = 0;
  #toldAt: DurationMs = Number.NEGATIVE_INFINITY;
  /** Begun here since then. */
  #begun = 0;
  /** Of those, begun before the report that is under way. */
  #inReport = 0;
  /** Begun before the last report: the others may not have told yet what they began meanwhile. */
  #begunBefore = 0;
  #reported = 0;
  #reportedAt: DurationMs = 0;
  #share: number | null = null;

  /** Whether one more may begin. */
  fits(limit: number, now: DurationMs, peers: Peers): boolean {
    const { proxies, alone } = peers;
    // Who has heard nothing of the others lately takes an equal part.
    if (alone || now - this.#toldAt > staleAfterMs)
      return this.own < Math.max(1, Math.floor(limit / proxies));
    const factor = 1 / (this.#share ?? equalShare(proxies));
    // Counts on the others to begin as many as before beside those that begin here.
    const elsewhere = (this.#begunBefore + this.#begun) * (factor - 1);
    return this.own + this.#others + elsewhere + 1 <= limit;
  }

  /** Whether so many have begun since the last word that the others should hear of it. */
  isUrgent(limit: number): boolean {
    return this.#begun >= limit * urgentShare;
  }

  begin(): void {
    this.own += 1;
    this.#begun += 1;
  }

  end(): void {
    this.own -= 1;
  }

  /** Whether the others have to hear of it: it has changed, or would be forgotten. */
  isDue(now: DurationMs, everyMs: DurationMs): boolean {
    if (this.own !== this.#reported) return true;
    return this.own > 0 && now - this.#reportedAt >= everyMs;
  }

  report(now: DurationMs): number {
    this.#reported = this.own;
    this.#reportedAt = now;
    this.#inReport = this.#begun;
    return this.own;
  }

  learn(others: number, now: DurationMs, { proxies }: Peers): void {
    this.#others = others;
    this.#toldAt = now;
    this.#begun -= this.#inReport;
    this.#begunBefore = this.#inReport;
    this.#inReport = 0;
    if (this.#reported > 0) {
      const all = this.#reported + others;
      this.#share = nextShare(this.#share, this.#reported, all, proxies);
    }
  }
}
