import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive } from './process-table.ts';
import { createOnce, type LocalJob, readJobs, readText, recordPath } from './records.ts';
import { buryJob } from './runner/run-job.ts';

/** A runner that has not taken its job over by then died on the way. */
const runnerPatienceMs = 10_000;

/** What the machine offers to jobs. */
export interface Capacity {
  readonly slots: number;
  /** 0: not counted. */
  readonly gpus: number;
}

/** Which waiting jobs get a place now, oldest first; a job that does not fit holds up those behind it. */
export function place(
  jobs: readonly LocalJob[],
  { slots, gpus }: Capacity,
): readonly { readonly job: LocalJob; readonly gpus: readonly number[] }[] {
  const holding = jobs.filter((job) => job.start !== null && job.end === null);
  const taken = new Set(holding.flatMap((job) => job.start?.gpus ?? []));
  const free = Array.from({ length: gpus }, (_, index) => index).filter((gpu) => !taken.has(gpu));
  let slotsLeft = slots - holding.length;
  const placed = [];
  for (const job of jobs.filter(({ start, end }) => start === null && end === null)) {
    const wanted = gpus === 0 ? 0 : job.spec.gpuCount;
    if (slotsLeft < 1 || wanted > free.length) break;
    slotsLeft -= 1;
    placed.push({ job, gpus: free.splice(0, wanted) });
  }
  return placed;
}

/**
 * One look at the directory: buries jobs whose runner is gone, gives waiting jobs their place. Runs under the
 * directory's lock; where that was lost in the middle (directory-lock.ts), a job still starts once, because its record
 * is made once, but there may be one too many for the slots.
 * @returns whether jobs still wait
 */
export async function dispatch(
  jobsDirectory: string,
  capacity: Capacity,
  now: () => number,
): Promise<boolean> {
  const live = (await readJobs(jobsDirectory)).filter((job) => job.end === null);
  for (const job of live) await mend(jobsDirectory, job, now());
  const jobs = (await readJobs(jobsDirectory)).filter((job) => job.end === null);
  const placed = place(jobs, capacity);
  for (const { job, gpus } of placed) {
    const directory = join(jobsDirectory, job.name);
    await createOnce(recordPath(directory, 'start'), { at: now(), gpus });
    startRunner(directory);
  }
  const waiting = jobs.filter((job) => job.start === null).length;
  return waiting > placed.length;
}

async function mend(jobsDirectory: string, job: LocalJob, now: number): Promise<void> {
  const directory = join(jobsDirectory, job.name);
  if (job.run === null) {
    if (job.start !== null && now - job.start.at > runnerPatienceMs) startRunner(directory);
    return;
  }
  if (isAlive(job.run.runner)) return;
  // The machine was started anew, or somebody killed the runner: what is left is no longer watched.
  if (!(await buryJob(job))) return;
  const wroteExit = (await readText(join(directory, 'exit.json'))) !== null;
  await createOnce(recordPath(directory, 'end'), {
    state: wroteExit ? 'failed' : 'node_failed',
    reason: 'RunnerGone',
    at: now,
  });
}

/** Detached, with nothing of our environment: it outlives us. */
function startRunner(directory: string): void {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const main = fileURLToPath(new URL(`./runner/main.${extension}`, import.meta.url));
  const runner = spawn(process.execPath, [main, directory], {
    cwd: '/',
    env: {},
    stdio: 'ignore',
    detached: true,
  });
  // A runner that cannot be started is tried again by the next look.
  runner.once('error', () => {});
  runner.unref();
}
