import {
  AppError,
  type DurationMs,
  type JobId,
  type Principal,
  type ServiceId,
} from '@wakefield/domain';
import type { DemandBook } from '../demand.ts';
import { refusals } from '../inference/refusals.ts';

/** Requests and sessions that are passed to services now. */
export interface Running {
  /**
   * @returns what to call when it is over, once or more often
   * @throws AppError `overloaded`, `shutting_down`
   */
  begin(one: UnderWay): () => void;
  /** How many there are. */
  readonly underWay: { readonly requests: number; readonly sessions: number };
  /** Told of each table: what is passed to a job that has ended is never answered. */
  settle(serving: ReadonlySet<JobId>): void;
  /** Says goodbye to sessions, which would go on for days, and lets no more begin. Requests may end. */
  shutDown(): void;
}

/** One request or session. */
export interface UnderWay {
  readonly serviceId: ServiceId;
  readonly jobId: JobId;
  readonly who: Principal;
  cutOff(): void;
  /** Ends it with a word; null: a request, which ends by itself. */
  readonly leave: ((why: AppError) => void) | null;
}

/** How many there may be at once. */
export interface MostRunning {
  readonly perCaller: number;
  readonly perProcess: number;
}

interface Entry extends UnderWay {
  ending: NodeJS.Timeout | undefined;
}

/**
 * @param endedMs patience with a job that has ended: a node that vanishes closes no connection, and one may outlive its job for
 *   a moment
 */
export function createRunning(
  demand: Pick<DemandBook, 'begin' | 'end'>,
  endedMs: DurationMs,
  most: MostRunning,
): Running {
  const all = new Set<Entry>();
  const callers = new Map<string, number>();
  let sessions = 0;
  let isShutDown = false;
  return {
    get underWay() {
      return { requests: all.size - sessions, sessions };
    },
    begin: (one) => {
      const { serviceId, jobId, who } = one;
      const caller = `${who.kind} ${who.id}`;
      const own = callers.get(caller) ?? 0;
      if (isShutDown && one.leave !== null) throw refusals.shuttingDown();
      if (own >= most.perCaller || all.size >= most.perProcess) throw tooMany();
      const entry: Entry = { ...one, ending: undefined };
      all.add(entry);
      if (one.leave !== null) sessions += 1;
      callers.set(caller, own + 1);
      demand.begin(serviceId, jobId);
      return () => {
        clearTimeout(entry.ending);
        if (!all.delete(entry)) return;
        if (one.leave !== null) sessions -= 1;
        const left = (callers.get(caller) ?? 1) - 1;
        if (left === 0) callers.delete(caller);
        else callers.set(caller, left);
        demand.end(serviceId, jobId);
      };
    },
    settle: (serving) => {
      for (const entry of all) {
        if (!serving.has(entry.jobId)) {
          entry.ending ??= setTimeout(entry.cutOff, endedMs).unref();
        } else {
          clearTimeout(entry.ending);
          entry.ending = undefined;
        }
      }
    },
    shutDown: () => {
      isShutDown = true;
      for (const { leave } of all) leave?.(refusals.shuttingDown());
    },
  };
}

function tooMany(): AppError {
  const message = 'Too many requests to services and sessions with them are under way already.';
  return new AppError('overloaded', message, { retryAfterSeconds: 5 });
}
