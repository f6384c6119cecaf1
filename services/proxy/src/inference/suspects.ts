import type { EpochMs, JobId, Route } from '@wakefield/domain';
import { type Endpoint, pickEndpoint } from '@wakefield/domain';

interface Suspicion {
  strikes: number;
  until: EpochMs;
}

const firstMs = 500;
const longestMs = 5000;
/** While one request tries a suspect, others wait this long for its verdict. */
const trialMs = 1000;
const nobody: ReadonlySet<JobId> = new Set();

/**
 * Endpoints that refused a connection or gave up a request a moment ago. Local to this proxy and short: the
 * scheduler finds out by itself, this only keeps requests from running into the same wall meanwhile.
 */
export interface Suspects {
  mark(jobId: JobId): void;
  /** It answered: all is forgiven. @returns whether it had been suspect */
  clear(jobId: JobId): boolean;
  /**
   * The endpoint for the next attempt: least loaded, not suspect, not tried yet by this request; if all were
   * tried, one of those again. Whoever gets a suspect whose time is over tries it for all.
   */
  choose(route: Route, tried: Set<JobId>): Endpoint | null;
  /** Forgets jobs that are no longer routed to. */
  prune(known: { has(jobId: JobId): boolean }): void;
}

export function createSuspects(runningOn: (jobId: JobId) => number, now: () => EpochMs): Suspects {
  const suspicions = new Map<JobId, Suspicion>();

  const avoided = (): ReadonlySet<JobId> => {
    if (suspicions.size === 0) return nobody;
    const at = now();
    return new Set([...suspicions].flatMap(([jobId, { until }]) => (until > at ? [jobId] : [])));
  };

  const pick = (route: Route, tried: Set<JobId>): Endpoint | null => {
    const avoid = avoided();
    if (tried.size === 0) return pickEndpoint(route.endpoints, runningOn, avoid);
    const fresh = pickEndpoint(route.endpoints, runningOn, new Set([...avoid, ...tried]));
    if (fresh !== null) return fresh;
    tried.clear();
    return pickEndpoint(route.endpoints, runningOn, avoid);
  };

  return {
    mark: (jobId) => {
      const strikes = (suspicions.get(jobId)?.strikes ?? 0) + 1;
      const lengthMs = Math.min(longestMs, firstMs * 2 ** (strikes - 1));
      suspicions.set(jobId, { strikes, until: now() + lengthMs });
    },
    clear: (jobId) => suspicions.delete(jobId),
    choose: (route, tried) => {
      const endpoint = pick(route, tried);
      const suspicion = endpoint === null ? undefined : suspicions.get(endpoint.jobId);
      if (suspicion !== undefined) suspicion.until = now() + trialMs;
      return endpoint;
    },
    prune: (known) => {
      for (const jobId of suspicions.keys()) if (!known.has(jobId)) suspicions.delete(jobId);
    },
  };
}
