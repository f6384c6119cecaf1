import type { ClusterJobState, ClusterSnapshot } from '@wakefield/domain';
import type { ClusterDriver } from './ports/cluster.ts';
import type { Log } from './ports/observability.ts';
import type { JobStore } from './ports/stores.ts';

export interface EndOrphansDeps {
  readonly jobs: Pick<JobStore, 'listLiveNames'>;
  readonly log: Log;
}

/** States in which a job holds resources, or will. */
const holding: readonly ClusterJobState[] = ['pending', 'running', 'suspended'];

/**
 * A job of ours that runs although its row is over: its submission outlived the process that gave it up.
 * The rows are read again first, because a job may have been intended since the cycle began. They are looked up by
 * name, whatever their cluster: several entries of clusters.yaml may log in to one account (one for each type of
 * GPU), and some of them may not be in the configuration that this process has read.
 */
export async function endOrphans(
  deps: EndOrphansDeps,
  driver: ClusterDriver,
  snapshot: ClusterSnapshot,
  signal: AbortSignal,
): Promise<void> {
  const active = [...snapshot.sightings.values()].flatMap(({ clusterJob }) =>
    clusterJob !== null && holding.includes(clusterJob.state) ? [clusterJob] : [],
  );
  if (active.length === 0) return;
  const live = new Set(await deps.jobs.listLiveNames(active.map(({ name }) => name)));
  const orphans = active.filter(({ name }) => !live.has(name));
  if (orphans.length === 0) return;
  deps.log.warn(
    { cluster: driver.name, jobNames: orphans.map((job) => job.name) },
    'orphans ended',
  );
  await driver.cancel(orphans, signal).catch((err: unknown) => {
    deps.log.warn({ err, cluster: driver.name }, 'orphans not ended');
  });
}
