import type { JobRequest } from '@wakefield/control';
import type { EpochMs } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import type { HeappeClient } from './client.ts';
import { clusterTime } from './cluster-time.ts';
import type { Places } from './place.ts';
import { checkRequest, nodesOf } from './specification.ts';

/**
 * When such a job would start, by DryRunJob: it knows nodes and walltime and nothing of GPUs, so the truth may be later.
 * @returns null where the version has no such call, or the answer names no moment
 * @throws ClusterError in the cluster's words, when it would not take the job
 */
export async function forecastStart(
  config: HeappeConfig,
  client: HeappeClient,
  places: Places,
  request: JobRequest,
  signal: AbortSignal,
): Promise<EpochMs | null> {
  const place = await places.of(request.project, signal);
  checkRequest(config, request, place);
  const { dryRun } = await client.features(signal);
  if (!dryRun) return null;
  const { StartTime } = await client.jobs.dryRun(
    {
      ProjectId: place.projectId,
      ClusterNodeTypeId: place.nodeType.Id,
      Nodes: nodesOf(config, request, place),
      TasksPerNode: 1,
      WallTimeInMinutes: Math.ceil(request.walltimeSeconds / 60),
    },
    signal,
  );
  return StartTime ? clusterTime(StartTime, config.timeZone) : null;
}
