import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { birthOf } from './process-table.ts';
import type { BatchJob, ScheduledJob } from './scheduler.ts';

/** What is kept of a local job, in a directory of its own; the supervisor adds `started` and `ended`. */
export interface LocalJob {
  readonly id: string;
  readonly job: BatchJob;
  readonly submitted: number;
  cancelled: number | null;
  launched: {
    readonly pid: number;
    readonly birth: string | null;
    readonly at: number;
    readonly nodes: readonly string[];
  } | null;
}

export function writeRecord(directory: string, record: LocalJob): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'record.json.new'), JSON.stringify(record));
  renameSync(join(directory, 'record.json.new'), join(directory, 'record.json'));
}

export function readRecords(root: string): readonly LocalJob[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, 'record.json')))
    .map((name) => JSON.parse(readFileSync(join(root, name, 'record.json'), 'utf8')) as LocalJob)
    .sort((one, other) => Number(one.id) - Number(other.id));
}

function words(file: string): readonly string[] | null {
  try {
    return readFileSync(file, 'utf8').trim().split(' ');
  } catch {
    return null;
  }
}

/** What scontrol would say. A supervisor that is gone without a word was killed with its node. */
export function sight(
  directory: string,
  record: LocalJob,
  now: number,
  pendingReason: string | null,
): ScheduledJob {
  const { id, launched, cancelled } = record;
  if (launched === null) {
    const state = cancelled === null ? 'PENDING' : 'CANCELLED';
    const reason = cancelled === null ? pendingReason : null;
    return {
      id,
      state,
      reason,
      nodes: [],
      startTime: cancelled,
      endTime: cancelled,
      runSeconds: 0,
    };
  }
  const { nodes, at: startTime } = launched;
  const ended = words(join(directory, 'ended'));
  if (ended !== null) {
    const endTime = Number(ended[2]);
    const runSeconds = (endTime - startTime) / 1000;
    return {
      id,
      state: ended[0] ?? 'FAILED',
      reason: ended[0] === 'FAILED' ? 'NonZeroExitCode' : null,
      nodes,
      startTime,
      endTime,
      runSeconds,
    };
  }
  const lives = launched.birth !== null && birthOf(launched.pid) === launched.birth;
  // The supervisor may have written its last word since.
  if (!lives && words(join(directory, 'ended')) !== null) {
    return sight(directory, record, now, pendingReason);
  }
  return {
    id,
    state: lives ? 'RUNNING' : 'NODE_FAIL',
    reason: null,
    nodes,
    startTime,
    endTime: lives ? null : now,
    runSeconds: (now - startTime) / 1000,
  };
}
