import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive, jobMarker, jobProcesses, signalJob } from '../process-table.ts';
import {
  createOnce,
  type EndRecord,
  type LocalJob,
  readJob,
  recordPath,
  recordsFolder,
} from '../records.ts';

/** Longer timers overflow, and a machine that slept finds its limit soon after it wakes. */
const clockCheckMs = 30_000;

type Ending = Pick<EndRecord, 'state' | 'reason'>;

/**
 * Runs one job to its end: starts its script in a session of its own, enforces the walltime, ends every
 * process of it, and writes how it ended. Returns at once when another runner has the job.
 * @param directory the job's
 * @param cancelled aborts when somebody cancels it
 */
export async function runJob(directory: string, cancelled: AbortSignal): Promise<void> {
  const job = await readJob(join(directory, '..'), basename(directory));
  const runner = identify(process.pid);
  if (job === null || job.end !== null || runner === null) return;
  const startedAt = Date.now();
  const endsAt = startedAt + job.spec.walltimeMs;
  if (!(await createOnce(recordPath(directory, 'run'), { runner, startedAt, endsAt }))) return;

  const shell = startShell(directory, job);
  const exited = whenExited(shell);
  const { pid } = shell;
  const id = pid === undefined ? null : identify(pid);
  if (id !== null) await createOnce(recordPath(directory, 'shell'), id);

  const over = new AbortController();
  const limit = whenOver(endsAt, over.signal);
  const ending = await Promise.race([exited, limit, whenCancelled(cancelled)]);
  over.abort();
  if (ending.state === 'timeout' || ending.state === 'cancelled') {
    await endAll(job, pid ?? null, exited);
  }
  await killAll(job, pid ?? null);
  await createOnce(recordPath(directory, 'end'), { ...ending, at: Date.now() });
}

function startShell(directory: string, job: LocalJob): ChildProcess {
  const output = openSync(join(directory, 'batch.log'), 'a', 0o600);
  const gpus = job.start?.gpus ?? [];
  return spawn('/bin/bash', [join(directory, recordsFolder, 'script')], {
    cwd: directory,
    env: {
      ...job.spec.environment,
      ...(gpus.length === 0 ? {} : { CUDA_VISIBLE_DEVICES: gpus.join(',') }),
      [jobMarker]: job.name,
    },
    stdio: ['ignore', output, output],
    // A session of its own: its members are the job's processes.
    detached: true,
  });
}

function whenExited(shell: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    shell.once('error', (error) => resolve({ state: 'failed', reason: error.message }));
    shell.once('exit', (code, signal) => {
      if (code === 0) resolve({ state: 'completed', reason: null });
      // SLURM's words (squeue, JOB REASON CODES).
      else if (code !== null) resolve({ state: 'failed', reason: 'NonZeroExitCode' });
      else resolve({ state: 'failed', reason: `RaisedSignal:${signal ?? 'unknown'}` });
    });
  });
}

async function whenOver(endsAt: number, signal: AbortSignal): Promise<Ending> {
  for (let left = endsAt - Date.now(); left > 0; left = endsAt - Date.now()) {
    const wait = Math.min(left, clockCheckMs);
    await sleep(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
  }
  return { state: 'timeout', reason: 'TimeLimit' };
}

function whenCancelled(signal: AbortSignal): Promise<Ending> {
  const ending: Ending = { state: 'cancelled', reason: null };
  return new Promise((resolve) => {
    if (signal.aborted) resolve(ending);
    else signal.addEventListener('abort', () => resolve(ending), { once: true });
  });
}

/** TERM to every process, then as long as it may take; KILL is the caller's. */
async function endAll(
  job: LocalJob,
  session: number | null,
  exited: Promise<unknown>,
): Promise<void> {
  signalJob(job.name, session, 'SIGCONT');
  signalJob(job.name, session, 'SIGTERM');
  const patience = new AbortController();
  const waited = sleep(job.spec.killWaitMs, undefined, { signal: patience.signal });
  await Promise.race([exited, waited.catch(() => {})]);
  patience.abort();
}

/** Until nothing is left: a process may fork while it is looked for. */
async function killAll(job: LocalJob, session: number | null): Promise<void> {
  for (let wait = 5; signalJob(job.name, session, 'SIGKILL') > 0; wait = Math.min(wait * 2, 500)) {
    await sleep(wait);
  }
}

/**
 * Ends what is left of a job whose runner is gone.
 * @returns whether nothing is left
 */
export async function buryJob(job: LocalJob): Promise<boolean> {
  const session = job.shell !== null && isAlive(job.shell) ? job.shell.pid : null;
  signalJob(job.name, session, 'SIGKILL');
  for (let tries = 0; tries < 40; tries++) {
    if (jobProcesses(job.name, session).length === 0) return true;
    await sleep(25);
  }
  return false;
}
