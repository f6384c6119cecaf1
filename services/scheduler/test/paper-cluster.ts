import {
  type ClusterDriver,
  ClusterError,
  type JobRef,
  type JobSubmission,
} from '@wakefield/control';
import {
  type ClusterJob,
  type ClusterJobState,
  type ClusterLimits,
  type ExitRecord,
  type JobName,
  type JobSighting,
  unseen,
} from '@wakefield/domain';

/** What becomes of a job from its submission on, in milliseconds of the cluster's clock. */
export interface Fate {
  readonly queueMs: number;
  /** From its start to the engine being up; the endpoint file appears then. */
  readonly loadMs: number;
  /** After its start; null: it does not fail. */
  readonly failsAfterMs: number | null;
}

/** A job as the cluster has it. */
export interface PaperJob {
  readonly name: JobName;
  readonly clusterJobId: string;
  readonly walltimeSeconds: number;
  submittedAt: number;
  startsAt: number;
  upAt: number;
  failsAt: number | null;
  walltimeEndsAt: number;
  /** Whether its directory was removed. */
  forgotten: boolean;
  /** How it was ended before its time. */
  ended: {
    readonly state: ClusterJobState;
    readonly at: number;
    readonly exit: ExitRecord | null;
  } | null;
}

/** A cluster in memory with the promises of a driver, for tests that need thousands of jobs and no minutes. */
export interface PaperCluster {
  readonly driver: ClusterDriver;
  /** Every job that it ever took, in that order: a name that is there twice was doubled. */
  readonly taken: PaperJob[];
  fate: Fate;
  /** Answers nobody. */
  away: boolean;
  /** Refuses every submission with these words. */
  refusal: string | null;
  /** Of its configuration. */
  limits: ClusterLimits;
  /** Has no room for more jobs than this. */
  places: number;
  /**
   * The line breaks right after a submission has arrived: it is done this much later all the same, and until then
   * the next one of that name is told that it is still going on.
   */
  landsAfterMs: number | null;
  /** Runs inside every submission, between its arrival and its look at the queue. */
  whileSubmitting: (() => Promise<void>) | null;
  /** Puts a job back into the queue, as an operator does. */
  requeue(name: JobName): void;
  /** Jobs that wait or run, by name. */
  active(): readonly PaperJob[];
  stateOf(job: PaperJob): ClusterJobState;
  engineIsUp(name: JobName): boolean;
}

const KEEPS_LISTED_MS = 3_600_000;

export function createPaperCluster(name: string, now: () => number): PaperCluster {
  const taken: PaperJob[] = [];
  /** Submissions that have looked and not taken yet, by name: no other one of that name is let in. */
  const underway = new Map<JobName, { readonly submission: JobSubmission; readonly at: number }>();
  const stateOf = (job: PaperJob) => stateAt(job, now());
  const isActive = (job: PaperJob) => ['pending', 'running'].includes(stateOf(job));
  const byName = (jobName: JobName) => taken.findLast((job) => job.name === jobName) ?? null;

  const cluster: PaperCluster = {
    taken,
    fate: { queueMs: 500, loadMs: 1_000, failsAfterMs: null },
    away: false,
    refusal: null,
    limits: { jobs: null, project: { jobs: null, gpus: null } },
    places: Number.POSITIVE_INFINITY,
    landsAfterMs: null,
    whileSubmitting: null,
    requeue: (jobName) => {
      const job = byName(jobName);
      if (job !== null) Object.assign(job, course(cluster.fate, now(), job.walltimeSeconds));
    },
    active: () => taken.filter(isActive),
    stateOf,
    engineIsUp: (jobName) => {
      const job = byName(jobName);
      return job !== null && stateOf(job) === 'running' && now() >= job.upAt;
    },
    driver: {
      name,
      kind: 'local',
      profile: {
        jobsDirectory: '/nowhere',
        bindHost: '127.0.0.1',
        advertise: { kind: 'hostname' },
        ports: { from: 20_000, to: 20_000 },
        modelDirectory: null,
        setup: {},
        environment: {},
      },
      cadence: { busyMs: 1_000, quietMs: 1_000, patienceMs: 30_000 },
      limits: () => cluster.limits,
      submit: async (submission) => {
        answer();
        if (cluster.refusal !== null) throw new ClusterError('refused', cluster.refusal);
        await cluster.whileSubmitting?.();
        const there = byName(submission.name);
        if (there !== null) return { clusterJobId: there.clusterJobId, adopted: true };
        if (underway.has(submission.name))
          throw new ClusterError('unreachable', 'an earlier submission is still going on');
        if (cluster.active().length >= cluster.places) {
          throw new ClusterError('no_room', 'AssocMaxSubmitJobLimit');
        }
        const { landsAfterMs } = cluster;
        underway.set(submission.name, {
          submission,
          at: now() + (landsAfterMs ?? Number.POSITIVE_INFINITY),
        });
        if (landsAfterMs !== null) throw new ClusterError('unreachable', 'the line broke');
        const job = land(submission);
        // Taken, and the line broke before anybody heard of it.
        answer();
        return { clusterJobId: job.clusterJobId, adopted: false };
      },
      observe: async (refs) => {
        answer();
        const takenAt = now();
        const sightings = new Map<JobName, JobSighting>();
        for (const ref of refs) sightings.set(ref.name, unseen);
        for (const job of taken) {
          if (takenAt - (job.ended?.at ?? takenAt) > KEEPS_LISTED_MS) continue;
          sightings.set(job.name, sightingOf(job, takenAt));
        }
        return { cluster: name, takenAt, sightings };
      },
      askToEnd: async (refs) =>
        end(refs, 'completed', { exitCode: 0, cause: 'drained', at: now() }),
      cancel: async (refs) => end(refs, 'cancelled', null),
      readLog: async () => null,
      forget: async (names) => {
        answer();
        for (const job of taken) if (names.includes(job.name)) job.forgotten = true;
      },
      activate: async () => {
        answer();
        return [];
      },
      accepts: async () => answer(),
      bounds: async () => ({}),
      queueOf: () => '',
      forecast: async () => {
        answer();
        return now() + cluster.fate.queueMs;
      },
      find: async (jobName) => {
        answer();
        const job = byName(jobName);
        return job === null ? null : clusterJobOf(job, now());
      },
      transport: {
        kind: 'direct',
        connect: async () => {
          throw new ClusterError('unreachable', 'nobody listens on paper');
        },
        close: async () => undefined,
      },
      close: async () => undefined,
    },
  };

  function land(submission: JobSubmission): PaperJob {
    underway.delete(submission.name);
    const job = take(submission, `${taken.length + 1}`, cluster.fate, now());
    taken.push(job);
    return job;
  }
  function answer(): void {
    for (const { submission, at } of [...underway.values()]) if (now() >= at) land(submission);
    if (cluster.away) throw new ClusterError('unreachable', 'the cluster is away');
  }
  function end(refs: readonly JobRef[], state: ClusterJobState, exit: ExitRecord | null): void {
    answer();
    for (const job of refs.map((ref) => byName(ref.name)))
      if (job !== null && isActive(job)) job.ended = { state, at: now(), exit };
  }
  return cluster;
}

function take(submission: JobSubmission, id: string, fate: Fate, now: number): PaperJob {
  const { name, walltimeSeconds } = submission;
  const times = course(fate, now, walltimeSeconds);
  return { name, clusterJobId: id, walltimeSeconds, ...times, forgotten: false, ended: null };
}

/** The times of a job that enters the queue now. */
function course(fate: Fate, now: number, walltimeSeconds: number) {
  const startsAt = now + fate.queueMs;
  return {
    submittedAt: now,
    startsAt,
    upAt: startsAt + fate.loadMs,
    failsAt: fate.failsAfterMs === null ? null : startsAt + fate.failsAfterMs,
    walltimeEndsAt: startsAt + walltimeSeconds * 1_000,
  };
}

function stateAt(job: PaperJob, now: number): ClusterJobState {
  if (job.ended !== null) return job.ended.state;
  if (job.failsAt !== null && now >= job.failsAt) return 'failed';
  if (now >= job.walltimeEndsAt) return 'timeout';
  return now >= job.startsAt ? 'running' : 'pending';
}

function clusterJobOf(job: PaperJob, now: number): ClusterJob {
  const started = now >= job.startsAt;
  const failedAt = job.failsAt !== null && now >= job.failsAt ? job.failsAt : null;
  return {
    clusterJobId: job.clusterJobId,
    name: job.name,
    state: stateAt(job, now),
    reason: null,
    node: started ? 'cn01' : null,
    submittedAt: job.submittedAt,
    startedAt: started ? job.startsAt : null,
    forecastAt: null,
    nodeLeaving: false,
    endsAt: job.ended?.at ?? failedAt ?? (started ? job.walltimeEndsAt : null),
  };
}

function sightingOf(job: PaperJob, now: number): JobSighting {
  const clusterJob = clusterJobOf(job, now);
  const failed = clusterJob.state === 'failed';
  return {
    ...unseen,
    clusterJob,
    address:
      clusterJob.state === 'running' && now >= job.upAt ? { host: 'cn01', port: 20_000 } : null,
    exit: failed
      ? { exitCode: 1, cause: 'engine', at: job.failsAt ?? now }
      : (job.ended?.exit ?? null),
    logTail: failed ? 'the last line of the log' : null,
  };
}
