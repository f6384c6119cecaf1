import type { LimitAnswer, LimitBoard, LimitReport } from '@wakefield/control';
import type { DurationMs } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { Ledger } from './ledger.ts';
import type { Meter, Sliding } from './meter.ts';
import type { Peers } from './peers.ts';

export interface LimitExchangeOptions {
  readonly board: LimitBoard;
  readonly ledger: Ledger;
  readonly proxyId: string;
  readonly elapsed: () => DurationMs;
  readonly everyMs: DurationMs;
  readonly logger: Logger;
}

/** Tells other proxies what is used here, and hears what they use: in the background, whatever becomes of it. */
export interface LimitExchange {
  /** What is known of the others now. */
  peers(): Peers;
  /** Much was used since the last time: not to be put off until the next one. */
  soon(): void;
  start(): void;
  close(): Promise<void>;
}

/** A proxy without news shows itself so often. */
const beatMs = 1000;
/** Who hurries comes no sooner than this after the last time. */
const leastBetweenMs = 20;
/** One that has heard nothing for so long goes by its own. */
const aloneAfterMs = 3000;
/** For so long proxies have to be missed. */
const fewerAfterMs = 10_000;
/** Limits in one report: Redis does nothing else meanwhile, for about two milliseconds. */
const mostAtOnce = 500;
/** What is under way is told so often at least: others go by it. */
const countEveryMs = 1000;
/** Meters that are looked at each time, whether they are still worth remembering: one in so many, but no fewer. */
const tidyOneIn = 200;
const tidyAtLeast = 100;

/** What went into a report, in its order. */
interface Sent {
  readonly report: LimitReport;
  readonly levels: readonly Sliding[];
  readonly counts: readonly Meter[];
  /** All that it is about. */
  readonly meters: readonly Meter[];
}

export function createLimitExchange(options: LimitExchangeOptions): LimitExchange {
  const { board, ledger, proxyId, elapsed, everyMs, logger } = options;
  let proxies = 1;
  /** Since when fewer have been counted. */
  let fewerSince: DurationMs | null = null;
  let heardAt = elapsed();
  let seq = 0;
  /** With requests under way as it was told last: to be told again, and not to stay on the board when this proxy is gone. */
  const underWay = new Set<Meter>();
  /** Of which nobody knows whether it was counted. */
  let unanswered: Sent | null = null;
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;
  let restedAt = 0;
  let failing = false;
  let closed = false;

  const peers = (): Peers => ({ proxies, alone: elapsed() - heardAt > aloneAfterMs });

  /** After an outage they come back one by one: that there are fewer is believed when it has been so for a while. */
  const count = (told: number): void => {
    if (told >= proxies) fewerSince = null;
    else fewerSince ??= heardAt;
    if (fewerSince !== null && heardAt - fewerSince < fewerAfterMs) return;
    fewerSince = null;
    proxies = Math.max(1, told);
  };

  /** While the others cannot be heard a report is a knock at the door, and nothing is lost with it. */
  const nextReport = (): Sent => {
    const known = peers();
    if (known.alone) {
      if (unanswered !== null) takeBack(unanswered, ledger);
      unanswered = null;
      return { report: { seq: seq++, levels: [], counts: [] }, levels: [], counts: [], meters: [] };
    }
    return unanswered ?? cutReport(ledger, underWay, seq++, elapsed(), known);
  };

  /** Before it is on its way: nobody knows for sure then that it did not arrive. */
  const remember = (sent: Sent): void => {
    for (const { meter, count } of countsOf(sent)) if (count > 0) underWay.add(meter);
  };
  /** They know that it is none any more. */
  const forget = (sent: Sent): void => {
    for (const { meter, count } of countsOf(sent)) if (count === 0) underWay.delete(meter);
  };

  const run = async (): Promise<void> => {
    const sent = nextReport();
    remember(sent);
    try {
      const answer = await board.exchange(proxyId, sent.report);
      const wasSilent = peers().alone;
      heardAt = elapsed();
      count(answer.proxies);
      unanswered = null;
      forget(sent);
      learn(sent, answer, heardAt, peers());
      if (failing) logger.info({ proxies, wasSilent }, 'limits are shared again');
      failing = false;
    } catch (error) {
      if (sent.meters.length > 0) unanswered = sent;
      if (!failing) logger.warn({ err: error }, 'limits are not shared: the board does not answer');
      failing = true;
    }
  };

  const tidy = (): void => {
    const now = elapsed();
    ledger.tidy(Math.max(tidyAtLeast, Math.ceil(ledger.size / tidyOneIn)), now, peers());
    for (const meter of underWay) {
      const { running: count } = meter;
      // That there is none any more may have been told to nobody.
      const isOver = count.own === 0 && !count.isTold;
      if (isOver || count.isFading(now, countEveryMs)) ledger.changed.add(meter);
    }
  };

  const turn = (): void => {
    if (running !== null || closed) return;
    tidy();
    const isQuiet = ledger.changed.size === 0 && unanswered === null;
    if (isQuiet && elapsed() < heardAt + beatMs && !failing) {
      plan(everyMs);
      return;
    }
    running = run().finally(() => {
      running = null;
      restedAt = elapsed() + leastBetweenMs;
      // What did not fit into one report goes with the next.
      plan(ledger.changed.size >= mostAtOnce && !failing ? leastBetweenMs : everyMs);
    });
  };

  const plan = (inMs: DurationMs): void => {
    if (closed) return;
    clearTimeout(timer);
    dueAt = elapsed() + inMs;
    timer = setTimeout(turn, inMs);
  };

  return {
    peers,
    soon: () => {
      if (running !== null || failing || closed || ledger.changed.size === 0) return;
      const at = Math.max(restedAt, elapsed());
      if (at + 1 < dueAt) plan(Math.max(0, at - elapsed()));
    },
    start: turn,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
      while (!failing && ledger.changed.size > 0) await run();
      const keys = [...underWay].map(({ runningKey }) => runningKey);
      await board.withdraw(proxyId, keys).catch(() => undefined);
    },
  };
}

/** Takes what has changed, as much as one report holds; the rest stays for the next. */
function cutReport(
  ledger: Ledger,
  underWay: ReadonlySet<Meter>,
  seq: number,
  now: DurationMs,
  peers: Peers,
): Sent {
  const [levels, counts, meters]: [Sliding[], Meter[], Meter[]] = [[], [], []];
  for (const meter of ledger.changed) {
    if (levels.length + counts.length >= mostAtOnce) break;
    ledger.changed.delete(meter);
    meters.push(meter);
    for (const sliding of [meter.requests, meter.tokens])
      if (sliding !== null) levels.push(sliding);
    // What was told is set right, also where nothing limits it any more.
    if (meter.limits.concurrentRequests !== null || underWay.has(meter)) counts.push(meter);
  }
  const report: LimitReport = {
    seq,
    levels: levels.map(({ key, rate, shared }) => ({
      key,
      perMs: rate.perMs,
      ...shared.report(rate, now, peers),
    })),
    counts: counts.map(({ runningKey: key, running }) => ({ key, count: running.report(now) })),
  };
  return { report, levels, counts, meters };
}

function* countsOf({ report, counts }: Sent): Generator<{ meter: Meter; count: number }> {
  for (const [index, meter] of counts.entries())
    yield { meter, count: report.counts[index]?.count ?? 0 };
}

function learn(sent: Sent, answer: LimitAnswer, now: DurationMs, peers: Peers): void {
  for (const [index, { shared, rate }] of sent.levels.entries())
    shared.learn(answer.levels[index] ?? 0, rate, now, peers);
  for (const [index, { running }] of sent.counts.entries())
    running.learn(answer.others[index] ?? 0, now, peers);
}

function takeBack(sent: Sent, ledger: Ledger): void {
  for (const { shared } of sent.levels) shared.takeBack();
  for (const meter of sent.meters) ledger.changed.add(meter);
}
