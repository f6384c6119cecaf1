import {
  type ClusterDriver,
  ClusterError,
  createLogTurns,
  type LogPiece,
  readLog,
  type Stores,
} from '@wakefield/control';
import type { Job } from '@wakefield/domain';
import { consume, createLogBoard, openRedis } from '@wakefield/queue';
import { captureLog } from '@wakefield/testkit';

/** A scheduler that reads logs, of jobs on clusters on paper. Board and queue are real. */
export interface PaperLogs {
  /** Reads that reached a cluster so far. */
  reads(): number;
  /** What the job has printed. */
  print(job: Pick<Job, 'name'>, text: string | Buffer): void;
  /** What the batch system said of it. */
  batch(job: Pick<Job, 'name'>, text: string): void;
  /** Reads come to no end. @returns they do again */
  hold(): () => void;
  /** null: clusters answer again. */
  silence(words: string | null): void;
  close(): Promise<void>;
}

export async function openPaperLogs(
  stores: Stores,
  access: { readonly url: string; readonly installation: string },
): Promise<PaperLogs> {
  const log = captureLog();
  const redis = await openRedis({ ...access, log });
  const logs = new Map<string, Buffer>();
  const said = new Map<string, Buffer>();
  let silent: string | null = null;
  let reads = 0;
  let free = Promise.resolve();
  const driver = {
    readLog: async ({ name }, from, bytes): Promise<LogPiece | null> => {
      reads += 1;
      await free;
      if (silent !== null) throw new ClusterError('unreachable', silent);
      const text = logs.get(name);
      const batch = said.get(name);
      if (text === undefined)
        return batch === undefined ? null : { source: 'batch', from: 0, bytes: batch };
      const start = Math.max(from, text.length - bytes);
      return { source: 'job', from: start, bytes: text.subarray(start) };
    },
  } as Partial<ClusterDriver> as ClusterDriver;
  const deps = {
    jobs: stores.jobs,
    drivers: new Map([['here', driver]]),
    logBoard: createLogBoard(redis),
    logTurns: createLogTurns(),
    clock: { now: Date.now },
    log,
  };
  const consumer = consume(redis, 'logs', {
    log: (id, { signal }) => readLog(deps, id, signal),
  });
  return {
    reads: () => reads,
    print({ name }, text) {
      logs.set(name, Buffer.concat([logs.get(name) ?? Buffer.alloc(0), Buffer.from(text)]));
    },
    batch({ name }, text) {
      said.set(name, Buffer.from(text));
    },
    hold() {
      const held = Promise.withResolvers<void>();
      free = held.promise;
      return held.resolve;
    },
    silence(words) {
      silent = words;
    },
    close: async () => {
      await consumer.close();
      await redis.close();
    },
  };
}
