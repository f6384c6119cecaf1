import type { JobId } from '../vocabulary/ids.ts';
import type { Endpoint } from '../vocabulary/route.ts';
import type { DurationMs, EpochMs } from '../vocabulary/time.ts';

/**
 * The endpoint with the smallest share of its capacity in use; among equals the one with the fewest running
 * requests, among those the first. An unknown capacity counts as the smallest known one. Only those count that last
 * as long as a request may need; where none does, those with the most time left. Nobody is refused for it.
 * On the proxy's hot path: allocates nothing.
 * @param running requests that run on a job now
 * @param exclude endpoints that were tried already
 * @param neededMs for how long from `now` on the endpoint should be there
 * @returns null when all are excluded
 */
export function pickEndpoint(
  endpoints: readonly Endpoint[],
  running: (jobId: JobId) => number,
  exclude: Pick<ReadonlySet<JobId>, 'has'>,
  now: EpochMs,
  neededMs: DurationMs,
): Endpoint | null {
  const fallback = smallestCapacity(endpoints);
  const until = lastsUntil(endpoints, exclude, now, neededMs);
  let best: Endpoint | null = null;
  let bestShare = Number.POSITIVE_INFINITY;
  let bestRunning = Number.POSITIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (exclude.has(endpoint.jobId) || endOf(endpoint) < until) continue;
    const count = running(endpoint.jobId);
    const share = count / Math.max(1, endpoint.capacity ?? fallback);
    if (share < bestShare || (share === bestShare && count < bestRunning)) {
      best = endpoint;
      bestShare = share;
      bestRunning = count;
    }
  }
  return best;
}

/**
 * The end that an endpoint needs to be chosen: that of the need, or, where all end before it, nearly the latest one.
 * Nearly, because jobs that were started together end together, and one of them must not get all the load.
 */
function lastsUntil(
  endpoints: readonly Endpoint[],
  exclude: Pick<ReadonlySet<JobId>, 'has'>,
  now: EpochMs,
  neededMs: DurationMs,
): EpochMs {
  let latest = Number.NEGATIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (!exclude.has(endpoint.jobId)) latest = Math.max(latest, endOf(endpoint));
  }
  const wanted = now + neededMs;
  return latest >= wanted ? wanted : latest - Math.max(0, latest - now) / 8;
}

function endOf({ servesUntil }: Endpoint): EpochMs {
  return servesUntil ?? Number.POSITIVE_INFINITY;
}

function smallestCapacity(endpoints: readonly Endpoint[]): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const { capacity } of endpoints) {
    if (capacity !== null && capacity < smallest) smallest = capacity;
  }
  return Number.isFinite(smallest) ? smallest : 1;
}
