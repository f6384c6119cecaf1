import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ClusterError, type JobSubmission } from '@wakefield/control';
import type { LocalConfig } from '../config/local.ts';
import { hasCode } from './has-code.ts';
import { type JobSpec, readJob, readJobs, recordFiles, recordsFolder } from './records.ts';

/** Names that are safe as folders; those of domain's jobName are. */
const jobNamePattern = /^[a-z0-9][a-z0-9-]{0,49}$/;

export function isJobName(name: string): boolean {
  return jobNamePattern.test(name);
}

/**
 * Puts a job's directory in place, whole, by one rename: a second submission of the name finds it there.
 * @returns the spec that stands, and whether it was there before
 * @throws ClusterError `refused` when the job can never run here
 */
export async function submitJob(
  jobsDirectory: string,
  config: LocalConfig,
  job: JobSubmission,
  host: { readonly path: string; readonly now: () => number },
): Promise<{ readonly spec: JobSpec; readonly adopted: boolean }> {
  checkLimits(config, job);
  await checkRoom(jobsDirectory, config, job.name);
  const spec: JobSpec = {
    clusterJobId: `local-${randomUUID().slice(0, 8)}`,
    project: job.project,
    walltimeMs: job.walltimeSeconds * 1000,
    gpuCount: job.gpuCount,
    submittedAt: host.now(),
    environment: cleanEnvironment(host.path),
    killWaitMs: config.killWait,
  };
  const draft = join(jobsDirectory, `.new-${randomUUID()}`);
  try {
    await writeJob(draft, job, spec);
    await rename(draft, join(jobsDirectory, job.name));
    return { spec, adopted: false };
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
    const there = await readJob(jobsDirectory, job.name);
    if (there !== null) return { spec: there.spec, adopted: true };
    throw new ClusterError('misconfigured', `${join(jobsDirectory, job.name)} is not one of ours`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function checkLimits({ gpus, limits }: LocalConfig, job: JobSubmission): void {
  const refuse = (message: string) => new ClusterError('refused', message);
  if (!isJobName(job.name)) throw refuse('a job name is 1 to 50 of a-z, 0-9 and -');
  if (job.nodes > 1) throw refuse('this cluster is one machine: jobs cannot have several nodes');
  const most = Math.min(gpus === 0 ? Infinity : gpus, limits.gpusPerJob ?? Infinity);
  if (job.gpuCount > most)
    throw refuse(`at most ${most} GPUs a job; ${job.gpuCount} were asked for`);
  if (limits.walltime !== null && job.walltimeSeconds * 1000 > limits.walltime) {
    throw refuse(`a walltime of at most ${limits.walltime / 1000} seconds is allowed`);
  }
}

/** As SLURM's submit limits: beyond this many live jobs there is no room, it does not wait. */
async function checkRoom(jobsDirectory: string, { name, limits }: LocalConfig, job: string) {
  if (limits.jobs === null) return;
  const others = (await readJobs(jobsDirectory)).filter((other) => other.name !== job);
  const live = others.filter(({ end }) => end === null).length;
  if (live < limits.jobs) return;
  const message = `cluster ${name} has ${live} jobs already, its configured limit`;
  throw new ClusterError('no_room', message);
}

async function writeJob(directory: string, job: JobSubmission, spec: JobSpec): Promise<void> {
  const records = join(directory, recordsFolder);
  await mkdir(records, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(job.secretFiles)) {
    await writeFile(join(directory, name), text, { mode: 0o600 });
  }
  await writeFile(join(records, 'script'), job.script, { mode: 0o600 });
  await writeFile(join(records, recordFiles.spec), JSON.stringify(spec), { mode: 0o600 });
}

/** What a login would give, and nothing of the process that submits. */
function cleanEnvironment(path: string): Readonly<Record<string, string>> {
  const { username, shell } = userInfo();
  return {
    PATH: path,
    HOME: homedir(),
    USER: username,
    LOGNAME: username,
    SHELL: shell ?? '/bin/sh',
    LANG: 'C.UTF-8',
  };
}
