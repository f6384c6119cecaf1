import type { ClusterName, EpochMs } from '@wakefield/domain';
import type { Clock, ClusterDriver } from './ports/cluster.ts';
import type { Log } from './ports/observability.ts';
import type { ClusterStatusStore, Lease } from './ports/stores.ts';

/** Partitions and nodes do not change by the hour; nor does a controller want to be asked for them by the minute. */
const EVERY_MS = 3_600_000;
/** What it says is a convenience: the next look at the jobs must not wait long for it. */
const PATIENCE_MS = 10_000;

/** Asks clusters now and then for their bounds, and keeps what they say. */
export interface BoundsLook {
  /** Does nothing within an hour of the last time, in this process. Never fails: without bounds, submissions tell. */
  look(driver: ClusterDriver, lease: Lease, signal: AbortSignal): Promise<void>;
}

export function createBoundsLook(deps: {
  readonly clusters: Pick<ClusterStatusStore, 'saveBounds'>;
  readonly clock: Clock;
  readonly log: Log;
}): BoundsLook {
  const askedAt = new Map<ClusterName, EpochMs>();
  return {
    async look(driver, lease, signal) {
      const now = deps.clock.now();
      if (now < (askedAt.get(driver.name) ?? Number.NEGATIVE_INFINITY) + EVERY_MS) return;
      askedAt.set(driver.name, now);
      try {
        const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
        await deps.clusters.saveBounds(driver.name, await driver.bounds(within), lease);
      } catch (err) {
        deps.log.warn({ err, cluster: driver.name }, 'bounds of a cluster not known');
      }
    },
  };
}
