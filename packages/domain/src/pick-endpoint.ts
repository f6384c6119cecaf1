import type { JobId } from './ids.ts';
import type { Endpoint } from './route.ts';

/**
 * The endpoint with the smallest share of its capacity in use; among equals the one with the fewest running
 * requests, among those the first from `turn` on. An unknown capacity counts as the smallest known one.
 * On the proxy's hot path: allocates nothing.
 * @param running requests that run on a job now
 * @param exclude endpoints that were tried already
 * @param turn any whole number; callers that count it up spread requests over idle endpoints
 * @returns null when all are excluded
 */
export function pickEndpoint(
  endpoints: readonly Endpoint[],
  running: (jobId: JobId) => number,
  exclude: ReadonlySet<JobId>,
  turn = 0,
): Endpoint | null {
  const fallback = smallestCapacity(endpoints);
  const first = endpoints.length === 0 ? 0 : Math.abs(turn) % endpoints.length;
  let best: Endpoint | null = null;
  let bestShare = Number.POSITIVE_INFINITY;
  let bestRunning = Number.POSITIVE_INFINITY;
  for (let index = 0; index < endpoints.length; index += 1) {
    const endpoint = endpoints[(first + index) % endpoints.length];
    if (endpoint === undefined || exclude.has(endpoint.jobId)) continue;
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

function smallestCapacity(endpoints: readonly Endpoint[]): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const { capacity } of endpoints) {
    if (capacity !== null && capacity < smallest) smallest = capacity;
  }
  return Number.isFinite(smallest) ? smallest : 1;
}
