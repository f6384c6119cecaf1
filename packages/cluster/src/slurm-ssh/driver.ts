import {
  type ClusterDriver,
  ClusterError,
  type JobRef,
  type JobSubmission,
  type LaunchProfile,
} from '@wakefield/control';
import { type JobName, jobNamePrefix, type ProjectName } from '@wakefield/domain';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import type { DriverDeps } from '../driver-deps.ts';
import { createSshConnection } from '../ssh/connection.ts';
import { createRemoteShell, type RemoteAnswer } from '../ssh/remote-shell.ts';
import { createSlurmTransport } from '../transport/create-transport.ts';
import { slurmFailure } from './failures.ts';
import { ASK_TO_END, CANCEL, FORGET, OBSERVE, SUBMIT, TAIL, TEST_ONLY } from './programs.ts';
import { parseQueue, type QueueEntry } from './queue.ts';
import { checkLimits, type JobShape, jobArguments, requestArguments } from './sbatch-arguments.ts';
import { jobOf, sightings } from './snapshot.ts';

/** Bytes that an observation brings of the log of each job that is over. */
const LOG_TAIL_BYTES = 4096;
/** Walltime with which it is tried whether a project's jobs are taken: less than any partition's limit. */
const TRIAL_SECONDS = 60;

/** Where jobs live on the cluster and how their engines are started. */
export function launchProfile(config: SlurmSshConfig): LaunchProfile {
  const { nodeAddress, recipes } = config;
  return {
    jobsDirectory: `${config.workingDirectory}/jobs`,
    bindHost: config.bindHost,
    advertise:
      typeof nodeAddress === 'string'
        ? { kind: nodeAddress }
        : { kind: 'fixed', host: nodeAddress.fixed },
    ports: config.ports,
    modelDirectory: config.modelDirectory,
    setup: Object.fromEntries(Object.entries(recipes).map(([name, { setup }]) => [name, setup])),
    environment: Object.fromEntries(
      Object.entries(recipes).map(([name, { environment }]) => [name, environment]),
    ),
  };
}

/** A centre's SLURM through its login node: sbatch, squeue and scancel over one ssh connection. */
export function createSlurmSshDriver(config: SlurmSshConfig, deps: DriverDeps): ClusterDriver {
  const now = deps.now ?? Date.now;
  const connection = createSshConnection(config, {
    connectTimeoutMs: config.timeouts.connect,
    now,
    random: deps.random ?? Math.random,
  });
  const shell = createRemoteShell(connection, {
    now,
    ...(deps.onRoundTrip === undefined ? {} : { onRoundTrip: deps.onRoundTrip }),
  });
  const transport = createSlurmTransport(config, connection, deps);
  const profile = launchProfile(config);
  const prefix = jobNamePrefix(deps.installation);
  const command = (signal: AbortSignal) => ({ timeoutMs: config.timeouts.command, signal });

  async function look(refs: readonly JobRef[], signal: AbortSignal) {
    const names = refs.map(({ name }) => checkedName(name));
    const args = [profile.jobsDirectory, String(LOG_TAIL_BYTES), ...names];
    const answer = await shell.run(OBSERVE, args, command(signal));
    requireSuccess('squeue', answer);
    return { queue: readQueue(answer.frames.get('queue') ?? ''), frames: answer.frames };
  }

  async function signalJobs(program: string, refs: readonly JobRef[], signal: AbortSignal) {
    if (refs.length === 0) return;
    const names = refs.map(({ name }) => checkedName(name));
    const answer = await shell.run(program, names, command(signal));
    if (!endedMeanwhile(answer.stderr)) requireSuccess('scancel', answer);
  }

  return {
    name: config.name,
    kind: 'slurm-ssh',
    profile,
    cadence: { busyMs: config.cadence.busy, quietMs: config.cadence.quiet },
    transport,
    async submit(job, signal) {
      checkLimits(config, job);
      const args = submitArguments(config, profile, job, prefix);
      const answer = await shell.run(SUBMIT, args, {
        timeoutMs: config.timeouts.submit,
        signal,
      });
      return submitted(config, answer);
    },
    async observe(jobs, signal) {
      const takenAt = now();
      const { queue, frames } = await look(jobs, signal);
      return {
        cluster: config.name,
        takenAt,
        sightings: sightings(queue, frames, jobs, prefix),
      };
    },
    askToEnd: (jobs, signal) => signalJobs(ASK_TO_END, jobs, signal),
    cancel: (jobs, signal) => signalJobs(CANCEL, jobs, signal),
    async tailLog({ name }, bytes, signal) {
      const args = [profile.jobsDirectory, checkedName(name), String(bytes)];
      const { frames } = await shell.run(TAIL, args, command(signal));
      return frames.get('log') ?? '';
    },
    async forget(jobs, signal) {
      if (jobs.length === 0) return;
      const args = [profile.jobsDirectory, ...jobs.map(checkedName)];
      const { frames, stderr } = await shell.run(FORGET, args, command(signal));
      if (frames.get('code') !== '0')
        throw new ClusterError('misconfigured', `job directories cannot be removed: ${stderr}`);
    },
    async accepts(project, signal) {
      const answer = await shell.run(TEST_ONLY, trialArguments(config, project), command(signal));
      const code = Number(answer.frames.get('code'));
      if (code !== 0) throw slurmFailure('sbatch', code, answer.frames.get('answer') ?? '');
    },
    async find(name, signal) {
      const { queue } = await look([], signal);
      return jobOf(queue, name, null);
    },
    async close() {
      await transport.close();
      shell.close();
      await connection.close();
    },
  };
}

function submitArguments(
  config: SlurmSshConfig,
  profile: LaunchProfile,
  job: JobSubmission,
  prefix: string,
): readonly string[] {
  const name = checkedName(job.name);
  const secrets = Object.entries(job.secretFiles);
  return [
    profile.jobsDirectory,
    name,
    prefix,
    String(config.limits.jobs ?? 0),
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

function submitted(config: SlurmSshConfig, { frames, stderr }: RemoteAnswer) {
  const adopted = frames.get('adopted');
  if (adopted !== undefined) return { clusterJobId: adopted, adopted: true };
  const lookup = frames.get('lookup');
  if (lookup !== undefined) throw slurmFailure('squeue', Number(lookup), stderr);
  const full = frames.get('full');
  if (full !== undefined)
    throw new ClusterError(
      'refused',
      `cluster ${config.name} has ${full} jobs already, its configured limit`,
    );
  const directory = frames.get('directory');
  if (directory !== undefined)
    throw new ClusterError('misconfigured', `${directory} cannot be written: ${stderr.trim()}`);
  // `jobid` or `jobid;cluster` (sbatch(1), --parsable).
  const id = /^(\d+)(;.*)?$/.exec((frames.get('sbatch') ?? '').trim())?.[1];
  const code = Number(frames.get('code'));
  if (code === 0 && id !== undefined) return { clusterJobId: id, adopted: false };
  throw slurmFailure('sbatch', code, stderr);
}

function requireSuccess(program: string, { frames, stderr }: RemoteAnswer): void {
  const code = Number(frames.get('code'));
  if (code === 0) return;
  const failure = slurmFailure(program, code, stderr);
  // Looking and cancelling cannot be refused for good: whatever it was, nothing is known now.
  throw failure.kind === 'refused' ? new ClusterError('unreachable', failure.message) : failure;
}

/** scancel complains of jobs that ended since the look at the queue; that is what was wanted. */
function endedMeanwhile(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (
    lines.length > 0 &&
    lines.every((line) =>
      /already completing or completed|invalid job id|job is pending/i.test(line),
    )
  );
}

function readQueue(text: string): readonly QueueEntry[] {
  try {
    return parseQueue(text);
  } catch (error) {
    throw new ClusterError('unreachable', (error as Error).message, error);
  }
}

/** Job names become directory names and words of programs: nothing else may pass, whoever calls. */
function checkedName(name: JobName): JobName {
  if (/^[a-z0-9][a-z0-9-]{0,49}$/.test(name)) return name;
  throw new ClusterError('refused', `not a job name: ${JSON.stringify(name)}`);
}

function checkedFile(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) return name;
  throw new ClusterError('refused', `not a file name: ${JSON.stringify(name)}`);
}
