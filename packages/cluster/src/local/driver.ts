import { access, constants, mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterDriver, ClusterError, type JobRef } from '@wakefield/control';
import { type JobSighting, jobNamePrefix } from '@wakefield/domain';
import { limitsOf } from '../config/limits-of.ts';
import type { LocalConfig } from '../config/local.ts';
import type { DriverDeps } from '../driver-deps.ts';
import { createTransport } from '../transport/create-transport.ts';
import { boundsOfMachine } from './bounds.ts';
import { withLock } from './directory-lock.ts';
import { dispatch } from './dispatch.ts';
import { identify, signalProcess } from './process-table.ts';
import { launchProfile } from './profile.ts';
import { readLog } from './read-log.ts';
import { createOnce, readJob, readJobs, recordPath } from './records.ts';
import { clusterJob, listed, sight } from './sighting.ts';
import { isJobName, submitJob } from './submit-job.ts';

export interface LocalDriverDeps extends DriverDeps {
  /** PATH that jobs start with; absent: the system's usual folders. */
  readonly path?: string;
}

/** While jobs wait for a place, somebody has to notice that one became free. */
const dispatchEveryMs = 250;
/** Files are read and processes looked at; nothing of it waits for anybody far away. */
const patienceMs = 5_000;
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Jobs as process groups of this machine. All state is in the directory: any number of drivers, one after the
 * other or at once, work on it; jobs outlive them all.
 */
export function createLocalDriver(config: LocalConfig, deps: LocalDriverDeps): ClusterDriver {
  const { now = Date.now, path = defaultPath } = deps;
  const profile = launchProfile(config);
  const { jobsDirectory } = profile;
  const node = hostname();
  const { slots } = config;
  const prefix = jobNamePrefix(deps.installation);
  const transport = createTransport(config);
  const closed = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> = Promise.resolve();

  /** Gives waiting jobs their place; again by itself while some wait. Calls of one driver queue up. */
  const look = (signal: AbortSignal): Promise<void> => {
    const either = AbortSignal.any([signal, closed.signal]);
    const run = async () => {
      deps.onRoundTrip?.();
      const lock = join(jobsDirectory, '.lock');
      const capacity = { slots, gpus: config.gpus };
      const waiting = await withLock(lock, either, () => dispatch(jobsDirectory, capacity, now));
      if (waiting) lookSoon();
    };
    const result = looking.then(run);
    looking = result.catch(() => {});
    return result;
  };
  const lookSoon = () => {
    if (timer !== null || closed.signal.aborted) return;
    timer = setTimeout(() => {
      timer = null;
      look(closed.signal).catch(() => lookSoon());
    }, dispatchEveryMs);
    timer.unref();
  };
  const ready = async () => {
    await mkdir(jobsDirectory, { recursive: true, mode: 0o700 });
  };
  const directoryOf = (name: string) => join(jobsDirectory, name);

  return {
    name: config.name,
    kind: 'local',
    profile,
    cadence: {
      busyMs: config.cadence.busy,
      quietMs: config.cadence.quiet,
      patienceMs,
    },
    limits: (project) => limitsOf(config, project),
    bounds: (signal) => told(signal, async () => boundsOfMachine(config)),
    transport,

    submit: (job, signal) =>
      told(signal, async () => {
        await ready();
        const { spec, adopted } = await submitJob(jobsDirectory, config, job, { path, now });
        await look(signal);
        return { clusterJobId: spec.clusterJobId, adopted };
      }),

    observe: (refs, signal) =>
      told(signal, async () => {
        const takenAt = now();
        await ready();
        await look(signal);
        const ours = (await readJobs(jobsDirectory)).filter(({ name }) => name.startsWith(prefix));
        const jobs = new Map(ours.map((job) => [job.name, job]));
        const sightings = new Map<string, JobSighting>();
        for (const job of jobs.values()) sightings.set(job.name, listed(job, node));
        for (const { name } of refs.filter((ref) => isJobName(ref.name))) {
          sightings.set(
            name,
            await sight(directoryOf(name), jobs.get(name) ?? null, node, profile),
          );
        }
        return { cluster: config.name, takenAt, sightings };
      }),

    askToEnd: (refs, signal) =>
      told(signal, async () => {
        await Promise.all(refs.map((ref) => askToEnd(jobsDirectory, ref, now)));
      }),

    cancel: (refs, signal) =>
      told(signal, async () => {
        await ready();
        await Promise.all(refs.map((ref) => cancelJob(jobsDirectory, ref, now)));
        await look(signal);
      }),

    readLog: (ref, from, bytes, signal) =>
      told(signal, () => readLog(directoryOf(checked(ref.name)), from, bytes)),

    forget: (names, signal) =>
      told(signal, async () => {
        for (const name of names.filter(isJobName)) {
          const job = await readJob(jobsDirectory, name);
          if (job !== null && job.end === null) continue;
          await rm(directoryOf(name), { recursive: true, force: true });
        }
      }),

    // Any project may have jobs here.
    activate: (_project, signal) => told(signal, async () => []),

    accepts: (_project, signal) =>
      told(signal, async () => {
        await ready();
        await access(jobsDirectory, constants.W_OK);
      }),

    queueOf: () => '',
    // What else this machine has to do is anybody's guess.
    forecast: (_request, signal) => told(signal, async () => now()),

    find: (name, signal) =>
      told(signal, async () => {
        const job = isJobName(name) ? await readJob(jobsDirectory, name) : null;
        return job === null ? null : clusterJob(job, node);
      }),

    async close() {
      closed.abort(new ClusterError('unreachable', 'the driver is closed'));
      if (timer !== null) clearTimeout(timer);
      await looking;
      await transport.close();
    },
  };
}

/** Failures in the words of the port: a full or forbidden disk is the configuration's fault. */
async function told<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new ClusterError(signal.aborted ? 'unreachable' : 'misconfigured', message, error);
  }
}

function checked(name: string): string {
  if (!isJobName(name)) throw new ClusterError('refused', 'not the name of a job');
  return name;
}

/**
 * USR1 to the batch shell alone; a job that waits is cancelled. A job that is about to start gets a moment to
 * have a shell.
 */
async function askToEnd(jobsDirectory: string, ref: JobRef, now: () => number): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const job = isJobName(ref.name) ? await readJob(jobsDirectory, ref.name) : null;
    if (job === null || job.end !== null) return;
    if (job.start === null) return cancelJob(jobsDirectory, ref, now);
    if (job.shell !== null) {
      signalProcess(job.shell, 'SIGUSR1');
      return;
    }
    await sleep(25);
  }
}

/** Whoever writes the run record first has the job: the canceller of a waiting one, or its runner. */
async function cancelJob(
  jobsDirectory: string,
  { name }: JobRef,
  now: () => number,
): Promise<void> {
  const job = isJobName(name) ? await readJob(jobsDirectory, name) : null;
  if (job === null || job.end !== null) return;
  const directory = join(jobsDirectory, name);
  const at = now();
  const self = { runner: identify(process.pid), startedAt: at, endsAt: at };
  if (job.run === null && (await createOnce(recordPath(directory, 'run'), self))) {
    await createOnce(recordPath(directory, 'end'), { state: 'cancelled', reason: null, at });
    return;
  }
  const run = job.run ?? (await readJob(jobsDirectory, name))?.run ?? null;
  if (run !== null) signalProcess(run.runner, 'SIGTERM');
}
