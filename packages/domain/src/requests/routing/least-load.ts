import type { Endpoint } from '../../vocabulary/route.ts';
import type { DurationMs } from '../../vocabulary/time.ts';
import {
  type Choice,
  endOf,
  isAtCapacity,
  neededUntil,
  type Scale,
  scaleOf,
  sizeOf,
} from './choice.ts';

/** An endpoint that is preferred for its time has so much more of its capacity in use than the least busy one at most. */
const slackShare = 0.3;
/** Of so many endpoints two are drawn and compared. */
const many = 16;

/**
 * The endpoint with the smallest share of its capacity in use, by weight; among equals the one with the fewest running
 * requests, among those the first. An unknown capacity counts as the smallest known one. Only those count that last
 * as long as the request may need; where none does, those with the most time left. Nobody is refused for it. What is
 * only preferred is for those that are not full, nor much busier than others: time is no use to who waits in a queue.
 * Of many endpoints the better of two drawn ones is taken, if both will do: hardly worse (Mitzenmacher 2001), at the same
 * cost however many there are, and several proxies that know only their own load do not all run to the same one.
 * @param random a number in [0, 1)
 * @returns null when all are excluded
 */
export function pickLeastLoaded(choice: Choice, random: () => number): Endpoint | null {
  const drawn = choice.endpoints.length < many ? null : pickOfTwo(choice, random);
  return drawn ?? pickOfAll(choice);
}

function pickOfAll(choice: Choice): Endpoint | null {
  const scale = scaleOf(choice.endpoints);
  const { now, needed } = choice;
  const { atLeastMs, preferablyMs } = needed;
  if (preferablyMs > atLeastMs) {
    const below = Math.min(1, leastShare(choice, scale) + slackShare);
    const best = pickLasting(choice, scale, below, preferablyMs);
    if (best !== null && endOf(best) >= now + atLeastMs) return best;
  }
  return pickLasting(choice, scale, Number.POSITIVE_INFINITY, atLeastMs);
}

/** @param below the share of its capacity that has to be in use at most, without it */
function pickLasting(
  { endpoints, running, exclude, now }: Choice,
  scale: Scale,
  below: number,
  wantedMs: DurationMs,
): Endpoint | null {
  let latest = Number.NEGATIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (exclude.has(endpoint.jobId)) continue;
    if (running(endpoint.jobId) / sizeOf(endpoint, scale) >= below) continue;
    latest = Math.max(latest, endOf(endpoint));
  }
  const until = neededUntil(latest, now, wantedMs);
  let best: Endpoint | null = null;
  let bestShare = below;
  let bestRunning = Number.POSITIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (exclude.has(endpoint.jobId) || endOf(endpoint) < until) continue;
    const count = running(endpoint.jobId);
    const share = count / sizeOf(endpoint, scale);
    if (share < bestShare || (best !== null && share === bestShare && count < bestRunning)) {
      best = endpoint;
      bestShare = share;
      bestRunning = count;
    }
  }
  return best;
}

function leastShare({ endpoints, running, exclude }: Choice, scale: Scale): number {
  let least = Number.POSITIVE_INFINITY;
  for (const endpoint of endpoints)
    if (!exclude.has(endpoint.jobId))
      least = Math.min(least, running(endpoint.jobId) / sizeOf(endpoint, scale));
  return least;
}

/** @returns null where one of the two will not do, or they cannot be compared */
function pickOfTwo(choice: Choice, random: () => number): Endpoint | null {
  const { endpoints, running } = choice;
  const at = Math.floor(random() * endpoints.length);
  const step = 1 + Math.floor(random() * (endpoints.length - 1));
  const first = endpoints[at];
  const second = endpoints[(at + step) % endpoints.length];
  if (first === undefined || second === undefined) return null;
  if ((first.capacity === null) !== (second.capacity === null)) return null;
  if (!willDo(first, choice) || !willDo(second, choice)) return null;
  const loadOf = ({ jobId, capacity, weight }: Endpoint) =>
    running(jobId) / (Math.max(1, capacity ?? 1) * weight);
  return loadOf(second) < loadOf(first) ? second : first;
}

/** It is not full, and lasts as long as anybody could wish. */
function willDo(endpoint: Endpoint, { running, exclude, now, needed }: Choice): boolean {
  if (exclude.has(endpoint.jobId) || isAtCapacity(endpoint, running(endpoint.jobId))) return false;
  return endOf(endpoint) >= now + Math.max(needed.atLeastMs, needed.preferablyMs);
}
