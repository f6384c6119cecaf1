import type { JobRef } from '@wakefield/control';
import type { ClusterJob, JobName, JobSighting } from '@wakefield/domain';
import type { PlaceRules } from '../endpoint-place.ts';
import {
  isBuilding,
  jobFiles,
  parseEndpointFile,
  parseExitFile,
  parseGpuFile,
  placeOf,
} from '../job-files.ts';
import { isHolding } from '../job-states.ts';
import type { QueueEntry } from './queue.ts';

/** Between the path of a job's file and its first line, in the frame `files` of OBSERVE. */
const SEPARATOR = '\x1f';

/** First lines of the files of jobs, by their paths below the jobs directory. */
export function parseFiles(text: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(SEPARATOR);
    if (at > 0) files.set(line.slice(0, at), line.slice(at + 1));
  }
  return files;
}

/**
 * Puts the queue and the files of the jobs together.
 * @param prefix of our own names; other lines of the queue are none of our business
 * @param rules where jobs of the cluster may answer
 */
export function sightings(
  queue: readonly QueueEntry[],
  frames: ReadonlyMap<string, string>,
  refs: readonly JobRef[],
  prefix: string,
  rules: PlaceRules,
): ReadonlyMap<JobName, JobSighting> {
  const ids = new Map(refs.map(({ name, clusterJobId }) => [name, clusterJobId]));
  const found = new Map<JobName, JobSighting>();
  // Grouped once: thousands of names, each looked for in the whole queue, would take seconds.
  const listed = Map.groupBy(queue, ({ name }) => name);
  const ours = [...listed.keys()].filter((name) => name.startsWith(prefix));
  for (const name of new Set([...ours, ...ids.keys()])) {
    const owner = frames.get(`${name}/${jobFiles.owner}`)?.trim() ?? null;
    const clusterJob = jobOf(listed.get(name) ?? [], name, ids.get(name) ?? null, owner);
    if (clusterJob === null && !ids.has(name)) continue;
    found.set(name, sightingOf(name, clusterJob, frames, rules));
  }
  return found;
}

/**
 * The job of that name. What SLURM remembers of a refused submission counts only under the id that it had given
 * out for an accepted job. Of several, one that holds or awaits a place goes before one that does not, then the one
 * that has the directory, then the one that is known, then the newest.
 * @param owner id of the job that last took the directory for its own, null: unknown
 */
export function jobOf(
  queue: readonly QueueEntry[],
  name: JobName,
  knownId: string | null,
  owner: string | null = null,
): ClusterJob | null {
  const rank = ({ state, clusterJobId: id }: QueueEntry) =>
    (isHolding(state) ? 4 : 0) + (id === owner ? 2 : 0) + (id === knownId ? 1 : 0);
  const [first] = queue
    .filter((entry) => entry.name === name)
    .filter((entry) => !entry.refused || entry.clusterJobId === knownId)
    .sort((a, b) => rank(b) - rank(a) || Number(b.clusterJobId) - Number(a.clusterJobId));
  if (first === undefined) return null;
  const { refused: _, ...job } = first;
  return job;
}

/**
 * Jobs of ours that hold or await a place under a name that another such job has, which is the one that is seen:
 * submissions that slipped past the lock.
 */
export function surplusOf(
  queue: readonly QueueEntry[],
  seen: ReadonlyMap<JobName, JobSighting>,
): readonly JobRef[] {
  return queue
    .filter(({ state }) => isHolding(state))
    .filter(({ name, clusterJobId }) => {
      const chosen = seen.get(name)?.clusterJob ?? null;
      return chosen !== null && isHolding(chosen.state) && chosen.clusterJobId !== clusterJobId;
    })
    .map(({ name, clusterJobId }) => ({ name, clusterJobId }));
}

function sightingOf(
  name: JobName,
  clusterJob: ClusterJob | null,
  frames: ReadonlyMap<string, string>,
  rules: PlaceRules,
): JobSighting {
  const file = <T>(fileName: string, parse: (text: string) => T | null): T | null => {
    const text = frames.get(`${name}/${fileName}`);
    return text === undefined ? null : parse(text);
  };
  // A job that waits and has files was requeued: they are its earlier run's.
  const waits = clusterJob?.state === 'pending';
  const told = waits ? null : file(jobFiles.endpoint, parseEndpointFile);
  return {
    clusterJob,
    ...placeOf(told, clusterJob?.node ?? null, rules),
    building: isBuilding(frames.get(`${name}/${jobFiles.stage}`), clusterJob?.state),
    exit: waits ? null : file(jobFiles.exit, parseExitFile),
    logTail: logTail(frames, name),
    gpuUtilization: file(jobFiles.gpu, parseGpuFile),
  };
}

/** The job's own log, then what SLURM said to it (limits, kills), which is what explains a sudden end. */
function logTail(frames: ReadonlyMap<string, string>, name: JobName): string | null {
  const parts = [jobFiles.log, jobFiles.batchLog]
    .map((file) => frames.get(`${name}/${file}`)?.trim() ?? '')
    .filter((text) => text !== '');
  return parts.length === 0 ? null : parts.join('\n');
}
