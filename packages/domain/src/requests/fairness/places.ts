import type { JobId } from '../../vocabulary/ids.ts';
import type { Endpoint } from '../../vocabulary/route.ts';

/** What a proxy gives engines at once. */
export interface PlaceRule {
  /** So many times what an engine has shown to take at once: what is beyond waits in its own queue. 1 at least. */
  readonly surplus: number;
  /** Proxies that share the engines, this one among them. */
  readonly proxies: number;
}

/** Requests of a proxy, or of others, on a job. */
type Count = (jobId: JobId) => number;

/**
 * Whether this proxy has nothing more for an engine now: all that it is given at once is under way, as far as is
 * known of other proxies. Each may always have an equal part, whatever the others have. Of an engine that has not
 * shown what it takes nobody says that it is full.
 * @param running of this proxy
 * @param elsewhere of other proxies, as they told last; not asked where it makes no difference
 */
export function isFull(
  { capacity, jobId }: Pick<Endpoint, 'capacity' | 'jobId'>,
  running: Count,
  elsewhere: Count,
  { surplus, proxies }: PlaceRule,
): boolean {
  if (capacity === null) return false;
  const places = Math.ceil(Math.max(1, capacity) * surplus);
  const own = running(jobId);
  if (own < Math.ceil(places / Math.max(1, proxies))) return false;
  return proxies <= 1 || own >= places - elsewhere(jobId);
}

/** Whether a request could go nowhere but to engines that are full. */
export function areFull(
  endpoints: readonly Endpoint[],
  exclude: Pick<ReadonlySet<JobId>, 'has'>,
  running: Count,
  elsewhere: Count,
  rule: PlaceRule,
): boolean {
  for (const endpoint of endpoints) {
    if (exclude.has(endpoint.jobId)) continue;
    if (!isFull(endpoint, running, elsewhere, rule)) return false;
  }
  return true;
}
