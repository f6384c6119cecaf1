import {
  type DurationMs,
  type Endpoint,
  type JobId,
  pickEndpoint,
  type Route,
  type TimeNeeded,
} from '@wakefield/domain';
import type { Clock } from '../clock.ts';
import { isSamePlace } from '../upstream/place.ts';

interface Suspicion {
  readonly endpoint: Endpoint;
  strikes: number;
  readonly dead: boolean;
  /** Of the clock that never goes back. */
  until: DurationMs;
}

/** Whether an endpoint is not to be asked. */
type Excluded = Pick<ReadonlySet<JobId>, 'has'>;

const firstMs = 500;
const longestMs = 5000;
/** While one request tries a suspect, others wait this long for its verdict. */
const trialMs = 1000;
/** A stranger would get to see what is asked: one request a minute, to find out whether it was a mistake. */
const strangerMs = 60_000;
const ofStrangers = Number.POSITIVE_INFINITY;
const nobody: Excluded = new Set<JobId>();

/**
 * Endpoints that refused a connection or gave up a request a moment ago. Local to this proxy and short: the
 * scheduler finds out by itself, this only keeps requests from running into the same wall meanwhile.
 */
export interface Suspects {
  /** @param dead whether it says that its core is gone: it does not come back */
  mark(endpoint: Endpoint, dead: boolean): void;
  /** Whether it has said at this address that its core is gone, and has answered nobody since. */
  isDead(endpoint: Endpoint): boolean;
  /** An engine that is not ours answers there: avoided for long. @returns whether that was news */
  shun(endpoint: Endpoint): boolean;
  /** It answered: all is forgiven. @returns whether it had been suspect */
  clear(jobId: JobId): boolean;
  /**
   * The endpoint for the next attempt: not suspect, not tried yet by this request, and of those the best. Whoever
   * gets a suspect whose time is over tries it for all.
   */
  choose(route: Route, tried: ReadonlyMap<JobId, unknown>, needed: TimeNeeded): Endpoint | null;
  /** Whether it is left alone now. */
  avoids(jobId: JobId): boolean;
  /** Forgets jobs that are no longer routed to, or to another address. */
  prune(known: ReadonlyMap<JobId, Endpoint>): void;
}

export function createSuspects(
  runningOn: (jobId: JobId) => number,
  { now, elapsed }: Clock,
): Suspects {
  const suspicions = new Map<JobId, Suspicion>();

  const avoids = (jobId: JobId, at: DurationMs): boolean =>
    (suspicions.get(jobId)?.until ?? at) > at;
  const excluded = (tried: ReadonlyMap<JobId, unknown>, at: DurationMs): Excluded => {
    if (suspicions.size === 0) return tried.size === 0 ? nobody : tried;
    return { has: (jobId) => tried.has(jobId) || avoids(jobId, at) };
  };
  // The loss of an engine may be heard after its job was requeued to another address.
  const isDead = (endpoint: Endpoint): boolean => {
    const suspicion = suspicions.get(endpoint.jobId);
    if (suspicion === undefined || !suspicion.dead) return false;
    return isSamePlace(suspicion.endpoint.address, endpoint.address);
  };

  return {
    mark: (endpoint, saysDead) => {
      const before = suspicions.get(endpoint.jobId);
      const strikes = (before?.strikes ?? 0) + 1;
      const dead = saysDead || isDead(endpoint);
      const lengthMs = Math.min(longestMs, firstMs * 2 ** (strikes - 1));
      // A stranger that refuses is one for no shorter time.
      const until = Math.max(before?.until ?? 0, elapsed() + lengthMs);
      suspicions.set(endpoint.jobId, { endpoint, strikes, dead, until });
    },
    isDead,
    shun: (endpoint) => {
      const known = suspicions.get(endpoint.jobId)?.strikes === ofStrangers;
      const until = elapsed() + strangerMs;
      suspicions.set(endpoint.jobId, { endpoint, strikes: ofStrangers, dead: false, until });
      return !known;
    },
    clear: (jobId) => suspicions.delete(jobId),
    choose: ({ endpoints }, tried, needed) => {
      const at = elapsed();
      const exclude = excluded(tried, at);
      const endpoint = pickEndpoint(endpoints, runningOn, exclude, now(), needed);
      const suspicion = endpoint === null ? undefined : suspicions.get(endpoint.jobId);
      if (suspicion !== undefined) {
        suspicion.until = at + (suspicion.strikes === ofStrangers ? strangerMs : trialMs);
      }
      return endpoint;
    },
    avoids: (jobId) => suspicions.size > 0 && avoids(jobId, elapsed()),
    prune: (known) => {
      for (const [jobId, { endpoint }] of suspicions) {
        const current = known.get(jobId);
        if (current === undefined || !isSamePlace(current.address, endpoint.address)) {
          suspicions.delete(jobId);
        }
      }
    },
  };
}
