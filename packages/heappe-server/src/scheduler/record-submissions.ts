import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scheduler } from './scheduler.ts';

/** Below the data directory; a line of JSON for each job that the scheduler took. */
const submissionsFile = 'submissions.jsonl';

/**
 * Writes down what the scheduler took, since HEAppE itself remembers only the last submission of each job: name (the id
 * of the task's specification), the scheduler's id, and when, in epoch milliseconds.
 */
export function recordSubmissions(scheduler: Scheduler, dataDirectory: string): Scheduler {
  const file = join(dataDirectory, submissionsFile);
  return {
    ...scheduler,
    async submit(job) {
      const id = await scheduler.submit(job);
      appendFileSync(file, `${JSON.stringify({ name: job.name, id, at: Date.now() })}\n`);
      return id;
    },
  };
}
