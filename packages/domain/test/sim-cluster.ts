import type { ClusterJobState, ExitRecord, JobName, JobSighting } from '../src/index.ts';
import { second, sighting } from './builders.ts';

/** What will become of the next jobs that a simulated cluster takes. */
export interface Fate {
  readonly queueSeconds: number;
  readonly loadSeconds: number;
  /** After its start; null: it does not fail. */
  readonly failsAfterSeconds: number | null;
  /** Ignores the request to end. */
  readonly stubborn: boolean;
}

export interface SimJob {
  readonly name: JobName;
  readonly id: string;
  readonly walltimeSeconds: number;
  fate: Fate;
  state: ClusterJobState;
  submittedAt: number;
  startsAt: number;
  startedAt: number | null;
  endsAt: number | null;
  endedAt: number | null;
  exit: ExitRecord | null;
  askedAt: number | null;
}

/** A batch cluster in a few lines: queue, walltimes, failures, preemption, requeueing, forgetting. */
export interface SimCluster {
  fate: Fate;
  /** How many jobs the account may have at once. */
  places: number;
  readonly jobs: Map<JobName, SimJob>;
  /** How often each name was submitted: again only after the cluster forgot the first. */
  readonly submissions: Map<JobName, number>;
  /** null: there is no place for it. */
  submit(name: JobName, walltimeSeconds: number, now: number): string | null;
  ask(name: JobName, now: number): void;
  cancel(name: JobName, now: number): void;
  /** Ends a running job from outside. */
  strike(how: 'preempted' | 'node_failed' | 'cancelled' | 'requeue', now: number): void;
  /** @param running requests on a job */
  step(now: number, running: (name: JobName) => number): void;
  sight(name: JobName): JobSighting;
  engineIsUp(name: JobName, now: number): boolean;
}

const forgetsAfter = 300 * second;

export function createSimCluster(fate: Fate): SimCluster {
  const jobs = new Map<JobName, SimJob>();
  const submissions = new Map<JobName, number>();
  let lastId = 0;
  const end = (job: SimJob, state: ClusterJobState, now: number) => {
    if (isOver(job)) return;
    Object.assign(job, { state, endedAt: now });
  };
  const cluster: SimCluster = {
    fate,
    places: Number.POSITIVE_INFINITY,
    jobs,
    submissions,
    submit: (name, walltimeSeconds, now) => {
      const there = jobs.get(name);
      if (there !== undefined) return there.id;
      if ([...jobs.values()].filter((job) => !isOver(job)).length >= cluster.places) return null;
      lastId += 1;
      submissions.set(name, (submissions.get(name) ?? 0) + 1);
      jobs.set(name, {
        name,
        id: `${lastId}`,
        walltimeSeconds,
        fate: cluster.fate,
        state: 'pending',
        submittedAt: now,
        startsAt: now + cluster.fate.queueSeconds * second,
        startedAt: null,
        endsAt: null,
        endedAt: null,
        exit: null,
        askedAt: null,
      });
      return `${lastId}`;
    },
    ask: (name, now) => {
      const job = jobs.get(name);
      if (job?.state === 'running') job.askedAt ??= now;
    },
    cancel: (name, now) => {
      const job = jobs.get(name);
      if (job !== undefined) end(job, 'cancelled', now);
    },
    strike: (how, now) => {
      const victim = [...jobs.values()].find(({ state }) => state === 'running');
      if (victim === undefined) return;
      if (how !== 'requeue') {
        end(victim, how, now);
        return;
      }
      Object.assign(victim, {
        state: 'pending',
        startsAt: now + 120 * second,
        startedAt: null,
        endsAt: null,
        askedAt: null,
      });
    },
    step: (now, running) => {
      for (const job of jobs.values()) {
        advance(job, now, running(job.name), end);
        if (job.endedAt !== null && now - job.endedAt > forgetsAfter) jobs.delete(job.name);
      }
    },
    sight: (name) => {
      const job = jobs.get(name);
      return job === undefined ? sighting(null) : sightingOf(job);
    },
    engineIsUp: (name, now) => {
      const job = jobs.get(name);
      return (
        job?.state === 'running' &&
        job.startedAt !== null &&
        now >= job.startedAt + job.fate.loadSeconds * second
      );
    },
  };
  return cluster;
}

type End = (job: SimJob, state: ClusterJobState, now: number) => void;

function advance(job: SimJob, now: number, running: number, end: End): void {
  if (job.state === 'pending' && now >= job.startsAt) {
    const endsAt = now + job.walltimeSeconds * second;
    Object.assign(job, { state: 'running', startedAt: now, endsAt });
  }
  if (job.state !== 'running' || job.startedAt === null) return;
  const { failsAfterSeconds, stubborn } = job.fate;
  if (job.endsAt !== null && now >= job.endsAt) end(job, 'timeout', job.endsAt);
  const failsAt = job.startedAt + (failsAfterSeconds ?? Number.POSITIVE_INFINITY) * second;
  if (now >= failsAt) {
    job.exit = { exitCode: 1, cause: 'engine', at: failsAt };
    end(job, 'failed', failsAt);
  }
  if (job.askedAt !== null && running === 0 && !stubborn) {
    job.exit = { exitCode: 0, cause: 'drained', at: now };
    end(job, 'completed', now);
  }
}

function sightingOf(job: SimJob): JobSighting {
  const started = job.startedAt !== null;
  return sighting(
    {
      clusterJobId: job.id,
      name: job.name,
      state: job.state,
      node: started ? 'cn01' : null,
      submittedAt: job.submittedAt,
      startedAt: job.startedAt,
      endsAt: job.endedAt ?? job.endsAt,
    },
    {
      address: job.state === 'running' ? { host: 'cn01', port: 20_000 } : null,
      exit: job.exit,
      logTail: isOver(job) ? 'the last line' : null,
    },
  );
}

export function isOver({ state }: SimJob): boolean {
  return state !== 'pending' && state !== 'running';
}
