import type { Endpoint } from '../../vocabulary/route.ts';
import type { EpochMs } from '../../vocabulary/time.ts';
import {
  type Choice,
  endOf,
  isAtCapacity,
  neededUntil,
  type Scale,
  scaleOf,
  sizeOf,
} from './choice.ts';

/** How good an endpoint would be for a request, whatever it has to do; the highest number wins. */
export type Rank = (endpoint: Endpoint) => number;

/**
 * With the request an endpoint has at most so many times the load that each would have if all had the same (Mirrokni,
 * Thorup, Zadimoghaddam 2016: consistent hashing with bounded loads; 1.25 is KubeAI's bound, too).
 */
export const loadBound = 1.25;

/**
 * The endpoint of the highest rank of those that have not much more to do than the others, by capacity and weight, and
 * are not full; where that is none, the least busy one. As in `pickLeastLoaded` only those count that last as long as the
 * request may need, and of these, within the bound, those that last as long as is preferred.
 * @returns null when all are excluded
 */
export function pickByRank(choice: Choice, rank: Rank): Endpoint | null {
  const { now, needed, endpoints } = choice;
  const scale = scaleOf(endpoints);
  if (needed.preferablyMs > needed.atLeastMs) {
    const below = boundOf(choice, scale, Number.NEGATIVE_INFINITY);
    const until = neededUntil(latestEnd(choice, scale, below), now, needed.preferablyMs);
    const best = bestRanked(choice, scale, below, until, rank);
    if (best !== null && endOf(best) >= now + needed.atLeastMs) return best;
  }
  const latest = latestEnd(choice, scale, Number.POSITIVE_INFINITY);
  const until = neededUntil(latest, now, needed.atLeastMs);
  const below = boundOf(choice, scale, until);
  return bestRanked(choice, scale, below, until, rank) ?? leastBusy(choice, scale, until);
}

/**
 * The share of its size that an endpoint must not have in use yet, over those that last until then. With ⌈c·(m+1)·s/S⌉ as
 * the most that one of size s may run, it is c·(m+1)/S; the least busy one is always below it.
 */
function boundOf(choice: Choice, scale: Scale, until: EpochMs): number {
  let running = 0;
  let size = 0;
  for (const endpoint of choice.endpoints) {
    if (choice.exclude.has(endpoint.jobId) || endOf(endpoint) < until) continue;
    running += choice.running(endpoint.jobId);
    size += sizeOf(endpoint, scale);
  }
  return (loadBound * (running + 1)) / size;
}

/** Of those that may get more. */
function latestEnd(choice: Choice, scale: Scale, below: number): EpochMs {
  let latest = Number.NEGATIVE_INFINITY;
  for (const endpoint of choice.endpoints) {
    if (choice.exclude.has(endpoint.jobId)) continue;
    if (below !== Number.POSITIVE_INFINITY && !mayTake(endpoint, choice, scale, below)) continue;
    latest = Math.max(latest, endOf(endpoint));
  }
  return latest;
}

function bestRanked(
  choice: Choice,
  scale: Scale,
  below: number,
  until: EpochMs,
  rank: Rank,
): Endpoint | null {
  let best: Endpoint | null = null;
  let bestRank = Number.NEGATIVE_INFINITY;
  for (const endpoint of choice.endpoints) {
    if (choice.exclude.has(endpoint.jobId) || endOf(endpoint) < until) continue;
    if (!mayTake(endpoint, choice, scale, below)) continue;
    const its = rank(endpoint);
    if (best !== null && its <= bestRank) continue;
    best = endpoint;
    bestRank = its;
  }
  return best;
}

function mayTake(endpoint: Endpoint, { running }: Choice, scale: Scale, below: number): boolean {
  const count = running(endpoint.jobId);
  if (isAtCapacity(endpoint, count)) return false;
  return count / sizeOf(endpoint, scale) < below;
}

function leastBusy(choice: Choice, scale: Scale, until: EpochMs): Endpoint | null {
  let best: Endpoint | null = null;
  let bestShare = Number.POSITIVE_INFINITY;
  for (const endpoint of choice.endpoints) {
    if (choice.exclude.has(endpoint.jobId) || endOf(endpoint) < until) continue;
    const share = choice.running(endpoint.jobId) / sizeOf(endpoint, scale);
    if (share >= bestShare) continue;
    best = endpoint;
    bestShare = share;
  }
  return best;
}
