import type { JobId } from '../../vocabulary/ids.ts';
import type { Endpoint } from '../../vocabulary/route.ts';

/** What a proxy gives engines at once. */
export interface PlaceRule {
  /** So many times what an engine has shown to take at once: what is beyond waits in its own queue. 1 at least. */
  readonly surplus: number;
  /** Proxies that share the engines, this one among them. */
  readonly proxies: number;
}

/**
 * Whether this proxy has nothing more for an engine now: all that it is given at once is under way, as far as is
 * known of other proxies. Each may always have an equal part, whatever the others have. Of an engine that has not
 * shown what it takes nobody says that it is full.
 * @param running requests of this proxy
 * @param elsewhere requests of other proxies, as they told last
 */
export function isFull(
  { capacity }: Pick<Endpoint, 'capacity'>,
  running: number,
  elsewhere: number,
  { surplus, proxies }: PlaceRule,
): boolean {
  if (capacity === null) return false;
  const places = Math.ceil(Math.max(1, capacity) * surplus);
  return running >= Math.max(places - elsewhere, Math.ceil(places / Math.max(1, proxies)));
}

/** Whether a request could go nowhere but to engines that are full. */
export function areFull(
  endpoints: readonly Endpoint[],
  exclude: Pick<ReadonlySet<JobId>, 'has'>,
  running: (jobId: JobId) => number,
  elsewhere: (jobId: JobId) => number,
  rule: PlaceRule,
): boolean {
  for (const endpoint of endpoints) {
    const { jobId } = endpoint;
    if (exclude.has(jobId)) continue;
    if (!isFull(endpoint, running(jobId), elsewhere(jobId), rule)) return false;
  }
  return true;
}
