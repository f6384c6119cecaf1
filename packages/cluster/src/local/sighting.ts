import { join } from 'node:path';
import { type ClusterJob, type JobSighting, unseen } from '@wakefield/domain';
import type { PlaceRules } from '../endpoint-place.ts';
import {
  isBuilding,
  jobFiles,
  parseEndpointFile,
  parseExitFile,
  parseGpuFile,
  placeOf,
} from '../job-files.ts';
import { readLog } from './read-log.ts';
import { type LocalJob, readText } from './records.ts';

/** Of the log, in a sighting of a job that is over. */
const logTailBytes = 8_192;

/** A local job in the words of every cluster. */
export function clusterJob(job: LocalJob, node: string): ClusterJob {
  const { spec, start, run, end } = job;
  return {
    clusterJobId: spec.clusterJobId,
    name: job.name,
    state: end?.state ?? (run === null ? 'pending' : 'running'),
    reason: end === null ? waiting(job) : end.reason,
    node: run === null ? null : node,
    submittedAt: spec.submittedAt,
    startedAt: run?.startedAt ?? start?.at ?? null,
    endsAt: end?.at ?? run?.endsAt ?? null,
    forecastAt: null,
    nodeLeaving: false,
  };
}

function waiting({ start, run }: LocalJob): string | null {
  if (run !== null) return null;
  return start === null ? 'Resources' : 'None';
}

/** The job's line and its files; `job` is null when only files may be left. */
export async function sight(
  directory: string,
  job: LocalJob | null,
  node: string,
  rules: PlaceRules,
): Promise<JobSighting> {
  const [endpoint, exit, gpu, stage] = await Promise.all([
    readText(join(directory, jobFiles.endpoint)),
    readText(join(directory, jobFiles.exit)),
    readText(join(directory, jobFiles.gpu)),
    readText(join(directory, jobFiles.stage)),
  ]);
  const over = job?.end !== null;
  const line = job === null ? null : clusterJob(job, node);
  return {
    clusterJob: line,
    ...placeOf(endpoint === null ? null : parseEndpointFile(endpoint), node, rules),
    building: isBuilding(stage, line?.state),
    exit: exit === null ? null : parseExitFile(exit),
    logTail: over ? await tail(directory) : null,
    gpuUtilization: gpu === null ? null : parseGpuFile(gpu),
  };
}

/** Only the queue's line, for jobs whose files nobody asked for. */
export function listed(job: LocalJob, node: string): JobSighting {
  return { ...unseen, clusterJob: clusterJob(job, node) };
}

/** End of the engine's log, or of what the batch shell said before there was one; null: there is nothing. */
async function tail(directory: string): Promise<string | null> {
  const piece = await readLog(directory, 0, logTailBytes);
  return piece === null ? null : Buffer.from(piece.bytes).toString('utf8');
}
