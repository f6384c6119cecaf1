import { type DurationMs, equalShare, nextShare } from '@wakefield/domain';
import { nearShare, type Peers, slightShare, staleAfterMs, urgentShare } from './peers.ts';

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

  /** Whether so many have begun since the last word that the others should hear of it at once. */
  isUrgent(limit: number): boolean {
    return this.#begun >= limit * urgentShare;
  }

  begin(): void {
    this.own += 1;
    // What has ended since then says nothing of what is under way elsewhere.
    this.#begun = Math.min(this.#begun + 1, this.own);
  }

  end(): void {
    this.own -= 1;
  }

  /** Whether the others have to hear of it: it is worth telling, or what they were told is no longer so. */
  isDue(limit: number, { proxies }: Peers): boolean {
    if (this.own === this.#reported) return false;
    if (this.#reported > 0 || this.own >= (limit * slightShare) / proxies) return true;
    return this.own + this.#others >= limit * nearShare;
  }

  /** Whether the others forget it unless they are told again. */
  isFading(now: DurationMs, afterMs: DurationMs): boolean {
    return this.#reported > 0 && now - this.#reportedAt >= afterMs;
  }

  /** Whether the others go by what they were told of it. */
  get isTold(): boolean {
    return this.#reported > 0;
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
    this.#begun = Math.max(0, this.#begun - this.#inReport);
    this.#begunBefore = this.#inReport;
    this.#inReport = 0;
    if (this.#reported > 0) {
      const all = this.#reported + others;
      this.#share = nextShare(this.#share, this.#reported, all, proxies);
    }
  }
}
