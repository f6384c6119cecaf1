import { setTimeout as wait } from 'node:timers/promises';
import type { RouteBus, RouteStore } from '@wakefield/control';
import type { Logger } from '@wakefield/runtime';
import { createPace, type PaceClock } from './pace.ts';
import { indexRoutes, type RouteIndex } from './route-index.ts';

/** Longest time that an unknown name waits for one more look: for a hurry to be due, and for the load. */
const catchUpMs = 1000;

export interface LiveRoutesOptions {
  readonly store: RouteStore;
  readonly bus: Pick<RouteBus, 'subscribe'>;
  readonly logger: Logger;
  /** Time between two looks at the revision when nobody nudges. */
  readonly sweepMs: number;
  /** For the rests between loads. */
  readonly clock?: PaceClock;
}

/** The proxy's route table. Once loaded it stays, whatever happens to the stores behind it. */
export interface LiveRoutes {
  /** null until the first load. */
  current(): RouteIndex | null;
  /** Called right after each swap, in order of registration. */
  onChange(listener: (routes: RouteIndex) => void): void;
  /** Starts loading; resolves when the first table is there. */
  start(): Promise<void>;
  /**
   * One more look for a caller who names what the table does not know: it may be new. Waits for no rest, but never
   * longer than `catchUpMs`; one look at a time however many ask, and never a failure.
   * @returns whether the store has answered: what is not in the table then is not there
   */
  catchUp(): Promise<boolean>;
  /** When the store last answered, in ms of `performance.now()`; null before that. */
  readonly lastSeenAt: number | null;
  close(): Promise<void>;
}

/**
 * Keeps the table fresh: by nudge within milliseconds, by a look at the revision every `sweepMs` when nudges
 * are lost. One load at a time; nudges during a load cause one more, unless it has brought what they tell of. After
 * each it rests: the first change is heard at once, and those that follow on its heels come together.
 */
export function createLiveRoutes(options: LiveRoutesOptions): LiveRoutes {
  const { store, bus, logger, sweepMs, clock } = options;
  const listeners: ((routes: RouteIndex) => void)[] = [];
  const first = Promise.withResolvers<void>();
  let routes: RouteIndex | null = null;
  let lastSeenAt: number | null = null;
  let running: Promise<void> | null = null;
  /** The newest revision that was told of while a load was under way. */
  let toldOf = 0;
  let loadsBegun = 0;
  let loadsOver = 0;
  let failing = false;
  let closed = false;
  const closing = new AbortController();
  // However large the table is and however often it changes, most of the time is left to requests.
  const pace = createPace(sweepMs, clock);
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe: (() => Promise<void>) | null = null;

  const swap = (next: RouteIndex): void => {
    routes = next;
    for (const listener of listeners) listener(next);
    first.resolve();
  };

  const look = async (nudged: boolean): Promise<void> => {
    // A nudge says that there is something new: the look at the revision would be a round trip for nothing.
    if (routes !== null && !nudged && (await store.revision()) === routes.revision) return;
    // Before the first table nobody can be served: no time to rest.
    await (routes === null ? load() : pace.run(load, closing.signal));
  };

  const load = async (): Promise<void> => {
    loadsBegun += 1;
    const table = await store.load().finally(() => {
      loadsOver = loadsBegun;
    });
    if (closed || (routes !== null && table.revision === routes.revision)) return;
    swap(indexRoutes(table));
    logger.debug({ revision: table.revision, routes: table.routes.length }, 'routes loaded');
  };

  const run = async (nudged: boolean): Promise<void> => {
    try {
      await look(nudged);
      lastSeenAt = performance.now();
      if (failing) logger.info('route store answers again');
      failing = false;
    } catch (error) {
      if (closed) return;
      if (!failing) logger.warn({ err: error }, 'route store does not answer; keeping the table');
      failing = true;
    }
  };

  const refresh = (nudged: boolean): void => {
    if (closed || running !== null) return;
    running = run(nudged).finally(() => {
      running = null;
      const told = toldOf;
      toldOf = 0;
      if (isNews(told)) refresh(true);
      else schedule();
    });
  };

  /** A revision that went back, as after a restored backup, is what the sweep is for. */
  const isNews = (revision: number): boolean => revision > (routes?.revision ?? 0);

  const heard = (revision: number): void => {
    if (!isNews(revision)) return;
    if (running !== null) toldOf = Math.max(toldOf, revision);
    else refresh(true);
  };

  const schedule = (): void => {
    clearTimeout(timer);
    if (closed) return;
    // Before the first table every tenth of a second of a start counts.
    timer = setTimeout(() => refresh(false), routes === null ? Math.min(250, sweepMs) : sweepMs);
  };

  const lookOnceMore = async (): Promise<boolean> => {
    const unhurried = pace.hurry();
    const begunBefore = loadsBegun;
    // A look that is under way began before the caller asked, unless it rests before its load.
    await running;
    if (loadsOver <= begunBefore) {
      refresh(false);
      await running;
    }
    unhurried();
    return !failing && !closed;
  };
  const catchUp = (): Promise<boolean> =>
    Promise.race([lookOnceMore(), wait(catchUpMs, false, { ref: false })]);

  const subscribe = async (): Promise<void> => {
    try {
      unsubscribe = await bus.subscribe(heard);
      if (closed) await unsubscribe();
    } catch (error) {
      logger.warn({ err: error }, 'route bus does not answer; sweeping only');
      if (!closed) setTimeout(() => void subscribe(), sweepMs).unref();
    }
  };

  return {
    current: () => routes,
    onChange: (listener) => listeners.push(listener),
    start: () => {
      void subscribe();
      refresh(false);
      return first.promise;
    },
    catchUp,
    get lastSeenAt() {
      return lastSeenAt;
    },
    close: async () => {
      closed = true;
      closing.abort();
      clearTimeout(timer);
      await unsubscribe?.();
      await running;
    },
  };
}
