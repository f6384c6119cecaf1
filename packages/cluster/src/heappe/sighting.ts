import {
  type Address,
  type ClusterJob,
  type JobName,
  type JobSighting,
  unseen,
} from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import type { PlaceRules } from '../endpoint-place.ts';
import {
  isBuilding,
  parseEndpointFile,
  parseExitFile,
  parseGpuFile,
  placeOf,
} from '../job-files.ts';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import { addressOfTask } from './bridge/address.ts';
import { clusterJobOf } from './cluster-job.ts';
import { type JobFilesSeen, nothingSeen } from './job-files-seen.ts';

/** Of a job whose files nobody asked for. */
export function listedOf(name: JobName, job: JobInfo): JobSighting {
  return { ...unseen, clusterJob: clusterJobOf(job, name, nothingSeen.report) };
}

/**
 * Of a job whose files could not be read: while it runs, what the list says of it; how it ended is not known without
 * them, and a state that nobody knows changes nothing.
 */
export function unreadOf(name: JobName, job: JobInfo): JobSighting {
  const clusterJob = clusterJobOf(job, name, nothingSeen.report);
  const over = job.State === heappeStates.failed || job.State === heappeStates.finished;
  if (over) return { ...unseen, clusterJob: { ...clusterJob, state: 'unknown' } };
  // What is known of its times is from its files, and may differ from what HEAppE says.
  return { ...unseen, clusterJob: { ...clusterJob, startedAt: null, endsAt: null } };
}

/**
 * Of a job that was created, and as far as HEAppE knows not submitted: it waits in no queue, and whoever intends it still
 * has to submit it. So nothing is to be concluded.
 */
export function createdOf(name: JobName, job: JobInfo): JobSighting {
  return {
    ...unseen,
    clusterJob: { ...clusterJobOf(job, name, nothingSeen.report), state: 'unknown' },
  };
}

/** One job's line and files together. */
export function sightingOf(
  config: Pick<HeappeConfig, 'nodeAddress' | 'transport'> & PlaceRules,
  name: JobName,
  job: JobInfo,
  { report, logTail }: JobFilesSeen,
): JobSighting {
  const clusterJob = clusterJobOf(job, name, report);
  const file = <T>(fileName: string, parse: (text: string) => T | null): T | null => {
    const text = report.files[fileName];
    return text === undefined ? null : parse(text);
  };
  const told = file('endpoint.json', parseEndpointFile);
  return {
    clusterJob,
    ...(told === null ? nowhere : addressOf(config, told, clusterJob, job)),
    building: isBuilding(report.files.stage, clusterJob.state),
    exit: file('exit.json', parseExitFile),
    logTail,
    gpuUtilization: file('gpu', parseGpuFile),
  };
}

/**
 * Where the engine is reached: the job knows its port, HEAppE the node by a name that its login node can resolve. Through
 * HEAppE's tunnels the address has to say whose it is (bridge/address.ts).
 */
function addressOf(
  {
    nodeAddress,
    transport,
    ...rules
  }: Pick<HeappeConfig, 'nodeAddress' | 'transport'> & PlaceRules,
  told: Address,
  { node }: ClusterJob,
  { Tasks: [task] }: JobInfo,
): Pick<JobSighting, 'address' | 'misplaced'> {
  const host = nodeAddress === 'heappe' ? (node ?? told.host) : told.host;
  const place = placeOf({ host, port: told.port }, node, rules);
  if (place.address === null || transport.kind !== 'heappe') return place;
  if (task === undefined) return nowhere;
  return { ...nowhere, address: addressOfTask({ taskId: task.Id, node: host, port: told.port }) };
}

const nowhere = { address: null, misplaced: null } as const;
