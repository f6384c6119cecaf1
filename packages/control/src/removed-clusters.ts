import type { ClusterName, ClusterReachability, DurationMs, EpochMs, Job } from '@wakefield/domain';
import { jobFields } from './job-fields.ts';
import { nudgeOwners } from './nudge-owners.ts';
import type { Drivers } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log, Telemetry } from './ports/observability.ts';
import type { ClusterStatusStore, JobStore } from './ports/stores.ts';
import { type PublishRoutesDeps, publishRoutes } from './publish-routes.ts';

export interface RemovedClustersDeps extends PublishRoutesDeps {
  readonly jobs: Pick<JobStore, 'countLive' | 'listLiveForCluster' | 'patch'>;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
  readonly drivers: Drivers;
  readonly nudges: Pick<Nudges, 'model' | 'service'>;
  readonly telemetry: Telemetry;
  readonly log: Log;
  /** How long nobody must have looked at a cluster before its jobs are given up. */
  readonly clusterGoneAfterMs: DurationMs;
}

/** As if every look had failed since the last one. */
const NOBODY_LOOKS = Number.POSITIVE_INFINITY;

type Statuses = ReadonlyMap<ClusterName, ClusterReachability>;

/**
 * What is known of clusters, where those of these names that are not in the configuration are out of reach:
 * nothing is started or ended there, and the model says why.
 */
export function withoutRemoved(
  statuses: Statuses,
  names: readonly ClusterName[],
  drivers: Drivers,
): Readonly<Record<ClusterName, ClusterReachability>> {
  const removed = names
    .filter((name) => !drivers.has(name))
    .map((name): [ClusterName, ClusterReachability] => [
      name,
      {
        reachable: false,
        observedAt: statuses.get(name)?.observedAt ?? null,
        error: 'it is not in the configuration any more',
        silence: { since: statuses.get(name)?.observedAt ?? 0, looks: NOBODY_LOOKS },
      },
    ]);
  return Object.fromEntries([...statuses, ...removed]);
}

/**
 * Gives up the jobs of clusters that were taken out of the configuration and that no scheduler has looked at
 * for a while. Not at once: a configuration is rolled out process by process, and a slip of the pen is mended
 * within minutes.
 */
export async function giveUpRemovedClusters(
  deps: RemovedClustersDeps,
  now: EpochMs,
): Promise<void> {
  const names = new Set((await deps.jobs.countLive()).map(({ cluster }) => cluster));
  const removed = [...names].filter((name) => !deps.drivers.has(name));
  if (removed.length === 0) return;
  const statuses = await deps.clusters.list();
  let changed = false;
  for (const name of removed) {
    const lookedAt = statuses.get(name)?.nextLookAt ?? 0;
    for (const job of await deps.jobs.listLiveForCluster(name)) {
      const goneAt = Math.max(lookedAt, job.intendedAt) + deps.clusterGoneAfterMs;
      if (now >= goneAt) changed = (await giveUp(deps, job, now)) || changed;
    }
  }
  if (changed) await publishRoutes(deps);
}

async function giveUp(deps: RemovedClustersDeps, job: Job, now: EpochMs): Promise<boolean> {
  const left =
    job.clusterJobId === null ? '' : ` If it still knows job ${job.clusterJobId}, end it there.`;
  // Without a lease: whoever had the cluster's would have looked at it in all that time, and then it is not given up.
  const after = await deps.jobs.patch(job.id, [job.phase], {
    phase: 'ended',
    outcome: 'lost',
    reason: `The cluster ${job.cluster} was taken out of the configuration.${left}`,
    address: null,
    endedAt: now,
  });
  if (after === null) return false;
  deps.telemetry.jobAdvanced(job, after);
  deps.log.warn(jobFields(after), 'job of a removed cluster given up');
  await nudgeOwners(deps, [job]);
  return true;
}
