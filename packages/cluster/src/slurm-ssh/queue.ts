import type { ClusterJob, EpochMs } from '@wakefield/domain';
import { isOver } from '../job-states.ts';
import { jobState } from './states.ts';

/**
 * Asked of `squeue -o`, printed the same by 22.05 to 25.11. No widths, so nothing is cut; the name may hold
 * anything and therefore comes last. %A job id, %T state, %r reason, %B batch host, %S start, %e end, %V submission.
 */
export const QUEUE_FORMAT = '%A|%T|%r|%B|%S|%e|%V|%j';
const FIELDS = 8;

/** One line of the queue, and whether it is what remains of a submission that was refused. */
export interface QueueEntry extends ClusterJob {
  /**
   * SLURM keeps a record of a job that it refused for its shape, with the same name: FAILED for BadConstraints,
   * never started. It is not a job.
   */
  readonly refused: boolean;
}

/**
 * Reads the output of squeue with {@link QUEUE_FORMAT}, times in UTC. Other jobs of the account may have names of
 * several lines: what follows a good line without being one belongs to that name.
 * @throws when it does not begin with a line that was asked for
 */
export function parseQueue(text: string): readonly QueueEntry[] {
  const entries: QueueEntry[] = [];
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    if (entry !== null) entries.push(entry);
    else if (entries.length === 0 && line.trim() !== '')
      throw new Error(`squeue says something unexpected: ${line.slice(0, 200)}`);
  }
  return entries;
}

function parseLine(line: string): QueueEntry | null {
  const fields = line.split('|');
  const [id = '', word = '', reason = '', host = '', start = '', end = '', submitted = ''] = fields;
  if (fields.length < FIELDS || !/^\d+$/.test(id) || !/^[A-Z_]+( by \d+)?$/.test(word)) return null;
  const state = jobState(word);
  return {
    clusterJobId: id,
    name: fields.slice(FIELDS - 1).join('|'),
    state,
    reason: describe(word, reason, isOver(state)),
    node: known(host),
    submittedAt: parseTime(submitted),
    // squeue does not know.
    nodeLeaving: null,
    // What a waiting job shows as start and end is a forecast.
    forecastAt: state === 'pending' ? parseTime(start) : null,
    startedAt: state === 'pending' ? null : parseTime(start),
    endsAt: state === 'pending' ? null : parseTime(end),
    refused: word === 'FAILED' && reason === 'BadConstraints',
  };
}

/** The cluster's words for why it waits or how it ended; its state where it says no more than that it failed. */
function describe(word: string, reason: string, over: boolean): string | null {
  return known(reason) ?? (over && word !== 'COMPLETED' ? word : null);
}

/** squeue's ways of saying that there is nothing. */
function known(text: string): string | null {
  return /^(none|n\/a|\(null\)|unknown|invalid|)$/i.test(text.trim()) ? null : text.trim();
}

/** `2026-11-20T16:01:39`, which is UTC because squeue was told so. Anything else (N/A, Unknown, NONE) is null. */
export function parseTime(text: string): EpochMs | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return null;
  const time = Date.parse(`${text}Z`);
  return Number.isNaN(time) ? null : time;
}
