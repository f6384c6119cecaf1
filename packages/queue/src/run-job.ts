import { type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { boundedRun, RunStoppedError } from './bounded-run.ts';
import { type Payload, parsePayload, type QueueName, queueKind } from './catalog.ts';
import { disposition } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';
import { settled } from './settled.ts';

/** What a run gets besides its id. */
export interface Run {
  /** Aborted at the time limit of the job's kind and when the process has to end. */
  readonly signal: AbortSignal;
  /** Trace of whoever asked for the run; null when it was a sweep. */
  readonly traceId: string | null;
}

export type AnyHandlers = Readonly<
  Record<string, ((id: string, run: Run) => Promise<unknown>) | undefined>
>;

export interface RunJobDeps {
  readonly redis: Pick<RedisAccess, 'log'>;
  readonly queue: QueueName;
  readonly handlers: AnyHandlers;
  readonly shutdown: AbortSignal;
  readonly stopWithinMs: number;
}

/** How long giving a job back may take; else its lock runs out and another worker takes it over. */
const giveBackWithinMs = 500;

/** One job from the queue: parse, run within its bounds, tell the log, decide what its failure means. */
export async function runJob(
  { redis: { log }, queue, handlers, shutdown, stopWithinMs }: RunJobDeps,
  job: Job,
  token: string | undefined,
): Promise<void> {
  const kind = queueKind(queue).jobs[job.name];
  const handler = handlers[job.name];
  if (kind === undefined || handler === undefined) {
    log.error({ queue, job: job.name }, 'unknown kind of job');
    throw new UnrecoverableError('unknown kind of job');
  }
  const { id, traceId = null } = readPayload(log, queue, job);
  const startedAt = performance.now();
  const fields = () => ({
    queue,
    job: job.name,
    [kind.idField]: id,
    ...(traceId === null ? {} : { traceId }),
    durationMs: Math.round(performance.now() - startedAt),
  });
  try {
    await boundedRun({ timeLimitMs: kind.timeLimitMs, shutdown, stopWithinMs }, (signal) =>
      handler(id, { signal, traceId }),
    );
    log.debug(fields(), 'run finished');
  } catch (error) {
    if (error instanceof RunStoppedError && error.stoppedBy === 'shutdown') {
      log.info(fields(), 'run cut short; back to the queue');
      await settled(job.moveToWait(token), giveBackWithinMs);
      throw new WaitingError();
    }
    const { outcome, log: level, message } = disposition(error);
    log[level]({ ...fields(), err: error }, message);
    if (outcome === 'fail') throw error;
  }
}

function readPayload(log: RedisAccess['log'], queue: QueueName, job: Job): Payload {
  try {
    return parsePayload(job.data);
  } catch (error) {
    log.error({ queue, job: job.name, queueJobId: job.id, err: error }, 'payload not understood');
    throw new UnrecoverableError('payload not understood');
  }
}
