import {
  afterAnswer,
  afterFailure,
  afterLoss,
  afterStranger,
  type DurationMs,
  type Endpoint,
  heedsEjections,
  type JobId,
  onTrial,
  type Route,
  type Suspicion,
} from '@wakefield/domain';
import { isSamePlace } from '../upstream/place.ts';
import type { Excluded } from './picker.ts';

interface Suspect {
  readonly endpoint: Endpoint;
  /** Whether it says that its core is gone: it does not come back. */
  readonly dead: boolean;
  suspicion: Suspicion;
}

const nobody: Excluded = new Set<JobId>();

/**
 * Endpoints that refused a connection, gave up a request or failed several times in a row. Local to this proxy and short:
 * the scheduler finds out by itself, this only keeps requests from running into the same wall meanwhile.
 */
export interface Suspects {
  /**
   * It brought nothing for a request that was sent then.
   * @param dead whether it says that its core is gone: it does not come back
   */
  mark(endpoint: Endpoint, dead: boolean, sentAt: DurationMs): void;
  /** Its answer, to a request that was sent then, was its own failure. */
  failed(endpoint: Endpoint, sentAt: DurationMs): void;
  /** Whether it has said at this address that its core is gone, and has answered nobody since. */
  isDead(endpoint: Endpoint): boolean;
  /** An engine that is not ours answers there: avoided for long. @returns whether that was news */
  shun(endpoint: Endpoint): boolean;
  /** It has begun to answer. @returns whether it had been suspect */
  answered(jobId: JobId): boolean;
  /** It has answered well: all is forgiven. @returns whether it had been suspect */
  clear(jobId: JobId): boolean;
  /**
   * Endpoints that a request does not go to now: those that it has tried, suspects, and those that are ejected, unless no
   * other is left or too many of the model's are.
   */
  excludedFor(route: Route, tried: ReadonlyMap<JobId, unknown>): Excluded;
  /** A request goes there: it tries a suspect whose time is over, for all. */
  sent(jobId: JobId): void;
  /** Forgets jobs that are no longer routed to, or to another address. */
  prune(known: ReadonlyMap<JobId, Endpoint>): void;
  /** How many are ejected now. */
  readonly ejected: number;
}

/**
 * @param elapsed a clock that never goes back
 * @param onEjected hears of everyone that is ejected after it was not
 */
export function createSuspects(
  elapsed: () => DurationMs,
  onEjected: (endpoint: Endpoint, failures: number) => void,
): Suspects {
  const suspects = new Map<JobId, Suspect>();

  const suspicionOf = (jobId: JobId): Suspicion | null => suspects.get(jobId)?.suspicion ?? null;
  const isAvoided = (jobId: JobId, at: DurationMs): boolean =>
    (suspicionOf(jobId)?.avoidedUntil ?? at) > at;
  const isEjected = (jobId: JobId, at: DurationMs): boolean =>
    (suspicionOf(jobId)?.ejectedUntil ?? at) > at;
  const heeds = ({ endpoints }: Route, at: DurationMs): boolean => {
    let ejected = 0;
    for (const { jobId } of endpoints) if (isEjected(jobId, at)) ejected += 1;
    return ejected > 0 && heedsEjections(ejected, endpoints.length);
  };
  const excludedFor = (route: Route, tried: ReadonlyMap<JobId, unknown>): Excluded => {
    if (suspects.size === 0) return tried.size === 0 ? nobody : tried;
    const at = elapsed();
    const unasked = { has: (jobId: JobId) => tried.has(jobId) || isAvoided(jobId, at) };
    if (!heeds(route, at)) return unasked;
    const unhealthy = { has: (jobId: JobId) => unasked.has(jobId) || isEjected(jobId, at) };
    return route.endpoints.every(({ jobId }) => unhealthy.has(jobId)) ? unasked : unhealthy;
  };
  // The loss of an engine may be heard after its job was requeued to another address.
  const isDead = (endpoint: Endpoint): boolean => {
    const suspect = suspects.get(endpoint.jobId);
    if (suspect === undefined || !suspect.dead) return false;
    return isSamePlace(suspect.endpoint.address, endpoint.address);
  };
  const keep = (endpoint: Endpoint, suspicion: Suspicion, dead: boolean): void => {
    const wasEjected = (suspicionOf(endpoint.jobId)?.ejectedUntil ?? 0) > 0;
    suspects.set(endpoint.jobId, { endpoint, dead, suspicion });
    if (suspicion.ejectedUntil > 0 && !wasEjected) onEjected(endpoint, suspicion.failures);
  };

  return {
    mark: (endpoint, saysDead, sentAt) => {
      const suspicion = afterLoss(suspicionOf(endpoint.jobId), elapsed(), sentAt);
      keep(endpoint, suspicion, saysDead || isDead(endpoint));
    },
    failed: (endpoint, sentAt) => {
      const suspicion = afterFailure(suspicionOf(endpoint.jobId), elapsed(), sentAt);
      keep(endpoint, suspicion, isDead(endpoint));
    },
    isDead,
    shun: (endpoint) => {
      const known = suspicionOf(endpoint.jobId)?.isStranger === true;
      keep(endpoint, afterStranger(elapsed()), false);
      return !known;
    },
    answered: (jobId) => {
      const suspect = suspects.get(jobId);
      if (suspect === undefined) return false;
      const { avoidedUntil } = suspect.suspicion;
      const after = afterAnswer(suspect.suspicion);
      if (after === null) suspects.delete(jobId);
      else suspects.set(jobId, { ...suspect, dead: false, suspicion: after });
      return avoidedUntil > 0;
    },
    clear: (jobId) => {
      const suspicion = suspicionOf(jobId);
      suspects.delete(jobId);
      return suspicion !== null && (suspicion.avoidedUntil > 0 || suspicion.ejectedUntil > 0);
    },
    excludedFor,
    sent: (jobId) => {
      const suspect = suspects.get(jobId);
      if (suspect !== undefined) suspect.suspicion = onTrial(suspect.suspicion, elapsed());
    },
    prune: (known) => {
      for (const [jobId, { endpoint }] of suspects) {
        const current = known.get(jobId);
        if (current === undefined || !isSamePlace(current.address, endpoint.address)) {
          suspects.delete(jobId);
        }
      }
    },
    get ejected() {
      const at = elapsed();
      let count = 0;
      for (const jobId of suspects.keys()) if (isEjected(jobId, at)) count += 1;
      return count;
    },
  };
}
