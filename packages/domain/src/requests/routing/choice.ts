import type { JobId } from '../../vocabulary/ids.ts';
import type { Endpoint } from '../../vocabulary/route.ts';
import type { DurationMs, EpochMs } from '../../vocabulary/time.ts';

/** For how long a request may need its endpoint. */
export interface TimeNeeded {
  /** Hardly any such request runs for longer. */
  readonly atLeastMs: DurationMs;
  /** What it is given where there is a choice; no less than that. */
  readonly preferablyMs: DurationMs;
}

/** One request is to go to one of these. */
export interface Choice {
  readonly endpoints: readonly Endpoint[];
  /** Requests that run on a job now, as far as we count them. */
  readonly running: (jobId: JobId) => number;
  /** Endpoints that are not to be asked. */
  readonly exclude: Pick<ReadonlySet<JobId>, 'has'>;
  readonly now: EpochMs;
  /** Counts from `now` on. */
  readonly needed: TimeNeeded;
}

/** What the endpoints of one model are measured by. */
export interface Scale {
  /** Of an endpoint whose own is not known: the smallest that is. */
  readonly capacity: number;
  /** The heaviest weight. */
  readonly weight: number;
}

export function scaleOf(endpoints: readonly Endpoint[]): Scale {
  let smallest = Number.POSITIVE_INFINITY;
  let heaviest = 0;
  for (const { capacity, weight } of endpoints) {
    if (capacity !== null && capacity < smallest) smallest = capacity;
    if (weight > heaviest) heaviest = weight;
  }
  return { capacity: Number.isFinite(smallest) ? smallest : 1, weight: heaviest };
}

/** Requests that it takes, where the heaviest take as many as they can. */
export function sizeOf({ capacity, weight }: Endpoint, scale: Scale): number {
  return (Math.max(1, capacity ?? scale.capacity) * weight) / scale.weight;
}

/** Whether it has as much to do as it has shown to take. Full it is with the surplus besides (fairness/places.ts). */
export function isAtCapacity({ capacity }: Endpoint, count: number): boolean {
  return capacity !== null && count >= Math.max(1, capacity);
}

export function endOf({ servesUntil }: Endpoint): EpochMs {
  return servesUntil ?? Number.POSITIVE_INFINITY;
}

/**
 * The end that an endpoint needs to be chosen: that of the need, or, where all end before it, nearly the latest one.
 * Nearly, because jobs that were started together end together, and one of them must not get all the load.
 */
export function neededUntil(latest: EpochMs, now: EpochMs, wantedMs: DurationMs): EpochMs {
  const wanted = now + wantedMs;
  return latest >= wanted ? wanted : latest - Math.max(0, latest - now) / 8;
}
