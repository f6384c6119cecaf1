import type { DurationMs } from '@wakefield/domain';

/** What one proxy has to say of one limit that slides. */
export interface LevelReport {
  /** Of the limit, the same in every proxy. */
  readonly key: string;
  /** By so much the level falls in a millisecond. */
  readonly perMs: number;
  /** Used here since the last report; less than zero where more was given back. */
  readonly used: number;
  /** What the level was when it was last told, as of now: for a board that has lost it. */
  readonly known: number;
}

/** What one proxy has under way of what is limited by number. */
export interface CountReport {
  readonly key: string;
  readonly count: number;
}

/** One report of a proxy. Sent again it is the same one: what it says is counted once. */
export interface LimitReport {
  readonly seq: number;
  readonly levels: readonly LevelReport[];
  readonly counts: readonly CountReport[];
}

/** In the order of the report. */
export interface LimitAnswer {
  /** Proxies that reported lately, this one among them. */
  readonly proxies: number;
  /** Of all proxies together, this report included. */
  readonly levels: readonly number[];
  /** Of all other proxies. */
  readonly others: readonly number[];
}

/** What proxies use of limits, all together. Everything on it expires; whoever has to decide does not wait for it. */
export interface LimitBoard {
  /** One round trip, one step. Rejects when nobody can tell whether it was counted: then send the same again. */
  exchange(proxyId: string, report: LimitReport): Promise<LimitAnswer>;
  /**
   * Called by a proxy that goes away in order.
   * @param counts keys of what it has told to be under way: nobody is to wait until that is forgotten
   */
  withdraw(proxyId: string, counts: readonly string[]): Promise<void>;
  /** A count is forgotten when it is not told again within this time. */
  readonly countLifeMs: DurationMs;
}
