import type { JobId } from '../vocabulary/ids.ts';
import type { Endpoint } from '../vocabulary/route.ts';
import type { DurationMs, EpochMs } from '../vocabulary/time.ts';

/** For how long a request may need its endpoint. */
export interface TimeNeeded {
  /** Hardly any such request runs for longer. */
  readonly atLeastMs: DurationMs;
  /** What it is given where there is a choice; no less than that. */
  readonly preferablyMs: DurationMs;
}

/** An endpoint that is preferred for its time has so much more of its capacity in use than the least busy one at most. */
const slackShare = 0.3;

/**
 * The endpoint with the smallest share of its capacity in use; among equals the one with the fewest running
 * requests, among those the first. An unknown capacity counts as the smallest known one. Only those count that last
 * as long as the request may need; where none does, those with the most time left. Nobody is refused for it. What is
 * only preferred is for those that are not full, nor much busier than others: time is no use to who waits in a queue.
 * On the proxy's hot path: allocates nothing.
 * @param running requests that run on a job now
 * @param exclude endpoints that were tried already
 * @param needed counts from `now` on
 * @returns null when all are excluded
 */
export function pickEndpoint(
  endpoints: readonly Endpoint[],
  running: (jobId: JobId) => number,
  exclude: Pick<ReadonlySet<JobId>, 'has'>,
  now: EpochMs,
  needed: TimeNeeded,
): Endpoint | null {
  const fallback = smallestCapacity(endpoints);
  const { atLeastMs, preferablyMs } = needed;
  if (preferablyMs > atLeastMs) {
    const below = Math.min(1, leastShare(endpoints, running, exclude, fallback) + slackShare);
    const best = pickLasting(endpoints, running, exclude, fallback, below, now, preferablyMs);
    if (best !== null && endOf(best) >= now + atLeastMs) return best;
  }
  const anyShare = Number.POSITIVE_INFINITY;
  return pickLasting(endpoints, running, exclude, fallback, anyShare, now, atLeastMs);
}

/** @param below the share of its capacity that has to be in use at most, without it */
function pickLasting(
  endpoints: readonly Endpoint[],
  running: (jobId: JobId) => number,
  exclude: Pick<ReadonlySet<JobId>, 'has'>,
  fallback: number,
  below: number,
  now: EpochMs,
  wantedMs: DurationMs,
): Endpoint | null {
  let latest = Number.NEGATIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (exclude.has(endpoint.jobId)) continue;
    if (shareOf(endpoint, running(endpoint.jobId), fallback) >= below) continue;
    latest = Math.max(latest, endOf(endpoint));
  }
  const until = neededUntil(latest, now, wantedMs);
  let best: Endpoint | null = null;
  let bestShare = below;
  let bestRunning = Number.POSITIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (exclude.has(endpoint.jobId) || endOf(endpoint) < until) continue;
    const count = running(endpoint.jobId);
    const share = shareOf(endpoint, count, fallback);
    if (share < bestShare || (best !== null && share === bestShare && count < bestRunning)) {
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
function neededUntil(latest: EpochMs, now: EpochMs, wantedMs: DurationMs): EpochMs {
  const wanted = now + wantedMs;
  return latest >= wanted ? wanted : latest - Math.max(0, latest - now) / 8;
}

function leastShare(
  endpoints: readonly Endpoint[],
  running: (jobId: JobId) => number,
  exclude: Pick<ReadonlySet<JobId>, 'has'>,
  fallback: number,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (const endpoint of endpoints)
    if (!exclude.has(endpoint.jobId))
      least = Math.min(least, shareOf(endpoint, running(endpoint.jobId), fallback));
  return least;
}

function shareOf({ capacity }: Endpoint, count: number, fallback: number): number {
  return count / Math.max(1, capacity ?? fallback);
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
