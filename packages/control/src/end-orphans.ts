import type { ClusterJobState, ClusterName, ClusterSnapshot, JobName } from '@wakefield/domain';
import type { ClusterDriver, Drivers } from './ports/cluster.ts';
import type { Log } from './ports/observability.ts';
import type { JobStore } from './ports/stores.ts';

export interface EndOrphansDeps {
  readonly jobs: Pick<JobStore, 'listLiveForCluster'>;
  readonly drivers: Drivers;
  readonly log: Log;
}

/** States in which a job holds resources, or will. */
const holding: readonly ClusterJobState[] = ['pending', 'running', 'suspended'];

/**
 * A job of ours that runs although its row is over: its submission outlived the process that gave it up.
 * The rows are read again first, because a job may have been intended since the cycle began. Several entries of
 * clusters.yaml may log in to one account (one for each type of GPU): each sees the jobs of the others, which are no
 * orphans.
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
  const unknown = await withoutRow(deps, active, [driver.name]);
  const others = [...deps.drivers.keys()].filter((name) => name !== driver.name);
  const orphans = await withoutRow(deps, unknown, others);
  if (orphans.length === 0) return;
  deps.log.warn(
    { cluster: driver.name, jobNames: orphans.map((job) => job.name) },
    'orphans ended',
  );
  await driver.cancel(orphans, signal).catch((err: unknown) => {
    deps.log.warn({ err, cluster: driver.name }, 'orphans not ended');
  });
}

/** Those that are no live job of these clusters. Reads nothing when there is nothing to look for. */
async function withoutRow<J extends { readonly name: JobName }>(
  { jobs }: Pick<EndOrphansDeps, 'jobs'>,
  candidates: readonly J[],
  clusters: readonly ClusterName[],
): Promise<readonly J[]> {
  if (candidates.length === 0) return candidates;
  const rows = await Promise.all(clusters.map((name) => jobs.listLiveForCluster(name)));
  const live = new Set(rows.flat().map(({ name }) => name));
  return candidates.filter(({ name }) => !live.has(name));
}
