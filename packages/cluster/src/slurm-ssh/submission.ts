import { randomBytes } from 'node:crypto';
import { ClusterError, type JobSubmission } from '@wakefield/control';
import type { EpochMs, ProjectName } from '@wakefield/domain';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { checkedFile, checkedName } from '../job-names.ts';
import { withAdvice } from '../slurm-advice.ts';
import { lookFailure, slurmFailure } from '../slurm-failures.ts';
import type { RemoteAnswer } from '../ssh/remote-shell.ts';
import { launchProfile } from './profile.ts';
import { parseTime } from './queue.ts';
import { type JobShape, jobArguments, requestArguments } from './sbatch-arguments.ts';

/** Walltime with which it is tried whether a project's jobs are taken: less than any partition's limit. */
const TRIAL_SECONDS = 60;

/** What the program SUBMIT works on. @throws ClusterError refused, when a name is not one */
export function submitArguments(
  config: SlurmSshConfig,
  job: JobSubmission,
  prefix: string,
): readonly string[] {
  const name = checkedName(job.name);
  const secrets = Object.entries(job.secretFiles);
  return [
    launchProfile(config).jobsDirectory,
    name,
    prefix,
    String(config.limits.jobs ?? 0),
    randomBytes(12).toString('hex'),
    job.script,
    String(secrets.length),
    ...secrets.flatMap(([file, content]) => [checkedFile(file), content]),
    ...sbatchArguments(config, job),
  ];
}

/** All arguments of sbatch for a job, but for `--parsable`. */
export function sbatchArguments(
  config: SlurmSshConfig,
  job: Pick<JobSubmission, 'name'> & JobShape,
): readonly string[] {
  const directory = `${launchProfile(config).jobsDirectory}/${job.name}`;
  const { name, walltimeSeconds } = job;
  return [
    ...jobArguments(config, { name, directory, walltimeSeconds }),
    ...requestArguments(config, job),
  ];
}

/** Arguments for the smallest job that a project could want: one GPU for a minute. */
export function trialArguments(config: SlurmSshConfig, project: ProjectName): readonly string[] {
  const ceiling = config.limits.walltime === null ? TRIAL_SECONDS : config.limits.walltime / 1000;
  return requestArguments(config, {
    project,
    walltimeSeconds: Math.min(TRIAL_SECONDS, ceiling),
    gpuCount: 1,
    nodes: 1,
    cpus: null,
    memory: null,
  });
}

/**
 * When a job would start, by what `sbatch --test-only` says of it in UTC: `sbatch: Job 50 to start at
 * 2026-11-20T16:01:39 using 1 processors on nodes cn01 in partition gpu` (sbatch(1), src/sbatch/sbatch.c).
 * null: it says something else.
 */
export function trialStart(said: string): EpochMs | null {
  const told = /\bJob \d+ to start at (\S+)/.exec(said)?.[1];
  return told === undefined ? null : parseTime(told);
}

/** What came of it. @throws ClusterError */
export function submitted(config: SlurmSshConfig, { frames, stderr }: RemoteAnswer) {
  const adopted = frames.get('adopted');
  if (adopted !== undefined) return { clusterJobId: adopted, adopted: true };
  const lookup = frames.get('lookup');
  if (lookup !== undefined) throw lookFailure('squeue', Number(lookup), stderr);
  const busy = frames.get('busy');
  if (busy !== undefined)
    throw new ClusterError('unreachable', `an earlier submission of ${busy} is still going on`);
  const late = frames.get('late');
  if (late !== undefined)
    throw new ClusterError('unreachable', `there was no time left to submit ${late}`);
  const full = frames.get('full');
  if (full !== undefined)
    throw new ClusterError(
      'no_room',
      `cluster ${config.name} has ${full} jobs already, its configured limit`,
    );
  const directory = frames.get('directory');
  if (directory !== undefined)
    throw new ClusterError('misconfigured', `${directory} cannot be written: ${stderr.trim()}`);
  // `jobid` or `jobid;cluster` (sbatch(1), --parsable).
  const id = /^(\d+)(;.*)?$/.exec((frames.get('sbatch') ?? '').trim())?.[1];
  const code = Number(frames.get('code'));
  if (code === 0 && id !== undefined) return { clusterJobId: id, adopted: false };
  const failure = slurmFailure('sbatch', code, stderr);
  throw failure.kind === 'refused'
    ? new ClusterError('refused', withAdvice(failure.message))
    : failure;
}
