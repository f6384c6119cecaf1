import type { DurationMs, JobId, ServiceId } from '@wakefield/domain';
import type { DemandBook } from '../demand.ts';

/** Requests and sessions that are passed to services now. */
export interface Running {
  /** @returns what to call when it is over, once or more often */
  begin(serviceId: ServiceId, jobId: JobId, cutOff: () => void): () => void;
  /** Told of each table: what is passed to a job that has ended is never answered. */
  settle(serving: ReadonlySet<JobId>): void;
}

interface Passed {
  readonly jobId: JobId;
  readonly cutOff: () => void;
  ending: NodeJS.Timeout | undefined;
}

/**
 * @param endedMs patience with a job that has ended: a node that vanishes closes no connection, and one may outlive its job for
 *   a moment
 */
export function createRunning(
  demand: Pick<DemandBook, 'begin' | 'end'>,
  endedMs: DurationMs,
): Running {
  const all = new Set<Passed>();
  return {
    begin: (serviceId, jobId, cutOff) => {
      const passed: Passed = { jobId, cutOff, ending: undefined };
      all.add(passed);
      demand.begin(serviceId, jobId);
      return () => {
        clearTimeout(passed.ending);
        if (all.delete(passed)) demand.end(serviceId, jobId);
      };
    },
    settle: (serving) => {
      for (const passed of all) {
        if (!serving.has(passed.jobId)) {
          passed.ending ??= setTimeout(passed.cutOff, endedMs).unref();
        } else {
          clearTimeout(passed.ending);
          passed.ending = undefined;
        }
      }
    },
  };
}
