import { type ClusterDriver, ClusterError, type JobRef, type LogPiece } from '@wakefield/control';
import { jobNamePrefix } from '@wakefield/domain';
import { limitsOf } from '../config/limits-of.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import type { DriverDeps } from '../driver-deps.ts';
import { checkedName } from '../job-names.ts';
import { batchPiece, logPiece } from '../log-pieces.ts';
import { lookFailure, slurmFailure } from '../slurm-failures.ts';
import { createSshConnection } from '../ssh/connection.ts';
import { createRemoteShell, type RemoteAnswer } from '../ssh/remote-shell.ts';
import { createSlurmTransport } from '../transport/create-transport.ts';
import { boundsOf } from './bounds.ts';
import { byOurClock, clockSkew } from './clock-skew.ts';
import { onNode, parseNodes } from './nodes.ts';
import { launchProfile } from './profile.ts';
import {
  ASK_TO_END,
  BOUNDS,
  CANCEL,
  END_SURPLUS,
  FORGET,
  OBSERVE,
  READ_LOG,
  TEST_ONLY,
} from './programs.ts';
import { parseQueue, type QueueEntry } from './queue.ts';
import { checkLimits, queueName, requestArguments } from './sbatch-arguments.ts';
import { jobOf, parseFiles, sightings, surplusOf } from './snapshot.ts';
import { submitArguments, submitted, trialArguments, trialStart } from './submission.ts';
import { SUBMIT } from './submit-program.ts';

/** Bytes that an observation brings of the log of each job that is over. */
const LOG_TAIL_BYTES = 4096;
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

  /** Operators do not drain nodes by the second: this is asked at the pace of a quiet cluster. */
  let nodesAskedAt = Number.NEGATIVE_INFINITY;
  let skewMs = 0;

  async function look(refs: readonly JobRef[], signal: AbortSignal) {
    const names = refs.map(({ name }) => checkedName(name));
    const askNodes = names.length > 0 && performance.now() >= nodesAskedAt + config.cadence.quiet;
    const args = [profile.jobsDirectory, String(LOG_TAIL_BYTES), askNodes ? 'yes' : '', ...names];
    const answer = await shell.run(OBSERVE, args, command(signal));
    requireSuccess('squeue', answer);
    const { frames } = answer;
    if (askNodes) nodesAskedAt = performance.now();
    const nodes = parseNodes(frames.get('nodes') ?? '');
    const queue = readQueue(frames.get('queue') ?? '').map((entry) => onNode(entry, nodes));
    const files = parseFiles(frames.get('files') ?? '');
    return { queue, frames: new Map([...frames, ...files]) };
  }

  async function signalJobs(program: string, refs: readonly JobRef[], signal: AbortSignal) {
    if (refs.length === 0) return;
    const names = refs.map(({ name }) => checkedName(name));
    const answer = await shell.run(program, names, command(signal));
    if (!endedMeanwhile(answer.stderr)) requireSuccess('scancel', answer);
  }

  /** By id, since the name is also that of the one that stays. Where it does not work, the next look tries again. */
  async function endSurplus(surplus: readonly JobRef[], signal: AbortSignal): Promise<void> {
    if (surplus.length === 0) return;
    deps.onSurplus?.(surplus);
    const args = surplus.flatMap(({ name, clusterJobId }) => [clusterJobId ?? '', name]);
    await shell.run(END_SURPLUS, args, command(signal)).catch(() => undefined);
  }

  return {
    name: config.name,
    kind: 'slurm-ssh',
    profile,
    cadence: {
      busyMs: config.cadence.busy,
      quietMs: config.cadence.quiet,
      patienceMs: config.timeouts.connect + config.timeouts.command,
    },
    limits: (project) => limitsOf(config, project),
    async bounds(signal) {
      const answer = await shell.run(BOUNDS, [], command(signal));
      requireSuccess('sinfo', answer);
      return boundsOf(config, answer.frames.get('bounds') ?? '');
    },
    transport,
    async submit(job, signal) {
      checkLimits(config, job);
      const args = submitArguments(config, job, prefix);
      const answer = await shell.run(SUBMIT, args, {
        timeoutMs: config.timeouts.submit,
        signal,
      });
      return submitted(config, answer);
    },
    async observe(jobs, signal) {
      const takenAt = now();
      const { queue, frames } = await look(jobs, signal);
      skewMs = clockSkew(skewMs, frames.get('clock'), takenAt, now());
      const seen = byOurClock(sightings(queue, frames, jobs, prefix, profile), skewMs);
      await endSurplus(surplusOf(queue, seen), signal);
      return { cluster: config.name, takenAt, sightings: seen };
    },
    askToEnd: (jobs, signal) => signalJobs(ASK_TO_END, jobs, signal),
    cancel: (jobs, signal) => signalJobs(CANCEL, jobs, signal),
    async readLog({ name }, from, bytes, signal) {
      const args = [profile.jobsDirectory, checkedName(name), String(from), String(bytes)];
      const { frames } = await shell.run(READ_LOG, args, command(signal));
      return pieceOf(from, frames);
    },
    async forget(jobs, signal) {
      if (jobs.length === 0) return;
      const args = [profile.jobsDirectory, ...jobs.map(checkedName)];
      const { frames, stderr } = await shell.run(FORGET, args, command(signal));
      if (frames.get('code') !== '0')
        throw new ClusterError('misconfigured', `job directories cannot be removed: ${stderr}`);
    },
    // An account is the centre's to give; `accepts` tells whether it was.
    activate: async () => [],
    async accepts(project, signal) {
      const answer = await shell.run(TEST_ONLY, trialArguments(config, project), command(signal));
      const code = Number(answer.frames.get('code'));
      if (code !== 0) throw slurmFailure('sbatch', code, answer.frames.get('answer') ?? '');
    },
    queueOf: (project) => queueName(config, project),
    async forecast(request, signal) {
      checkLimits(config, request);
      const answer = await shell.run(TEST_ONLY, requestArguments(config, request), command(signal));
      const code = Number(answer.frames.get('code'));
      const said = answer.frames.get('answer') ?? '';
      if (code !== 0) throw slurmFailure('sbatch', code, said);
      return trialStart(said);
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

function pieceOf(asked: number, frames: RemoteAnswer['frames']): LogPiece | null {
  const [log, batch] = [frames.get('log'), frames.get('batch')];
  if (log !== undefined)
    return logPiece(asked, Number(frames.get('from')), Buffer.from(log, 'base64'));
  return batch === undefined ? null : batchPiece(Buffer.from(batch, 'base64'));
}

function requireSuccess(program: string, { frames, stderr }: RemoteAnswer): void {
  const code = Number(frames.get('code'));
  if (code === 0) return;
  throw lookFailure(program, code, stderr);
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
