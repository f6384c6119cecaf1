import { withoutLog } from '../../jobs/job-words.ts';
import { isLeaving, isLive, type Job } from '../../vocabulary/job.ts';
import type { Notice, NoticeKind } from '../../vocabulary/notice.ts';
import type { Policy } from '../../vocabulary/plan.ts';
import type { Service, ServiceState } from '../../vocabulary/service.ts';
import type { EpochMs } from '../../vocabulary/time.ts';

/** Of a job's walltime, at most: who asked for ten minutes is not told in the first of them that it ends. */
const MOST_OF_WALLTIME = 0.1;

/** A service as the last plan left it. */
export interface ToldService extends Service {
  readonly state: ServiceState;
  readonly clusterJobId: string | null;
}

/**
 * What is to be told after a plan, in the order in which it happened: a state that people wait for, when it is new, and
 * from its time on that a job ends. The latter comes with every plan: whoever keeps notices takes each once.
 */
export function noticesOf(
  service: ToldService,
  plan: { readonly state: ServiceState; readonly reason: string | null },
  jobs: readonly Job[],
  policy: Pick<Policy, 'endingNoticeMs'>,
  now: EpochMs,
): readonly Notice[] {
  const tell = (kind: NoticeKind, job: Job | null): Notice => ({
    ...{ serviceId: service.id, kind, seq: job?.seq ?? 0, at: now },
    facts: factsOf(service, plan, job),
  });
  const news = plan.state === service.state ? null : kindOf(plan.state);
  const ending = endingJobs(service, jobs).filter((job) => endingAt(job, policy) <= now);
  return [
    ...(news === null ? [] : [tell(news, jobBehind(news, jobs))]),
    ...ending.map((job) => tell('ending', job)),
  ];
}

/** Moments at which a job has to be looked at to tell in time that it ends. */
export function endingDeadlines(
  service: Service,
  jobs: readonly Job[],
  policy: Pick<Policy, 'endingNoticeMs'>,
): readonly EpochMs[] {
  return endingJobs(service, jobs).map((job) => endingAt(job, policy));
}

type EndingJob = Job & { readonly endsAt: EpochMs };

/** Nothing ends when a job does that has a successor; and who has stopped a service knows. */
function endingJobs({ spec, stopRequested }: Service, jobs: readonly Job[]): readonly EndingJob[] {
  if (spec.keep || stopRequested) return [];
  return jobs.filter(
    (job): job is EndingJob => isLive(job) && !isLeaving(job) && job.endsAt !== null,
  );
}

function endingAt(
  { endsAt, walltimeSeconds }: EndingJob,
  { endingNoticeMs }: Pick<Policy, 'endingNoticeMs'>,
): EpochMs {
  return endsAt - Math.min(endingNoticeMs, MOST_OF_WALLTIME * walltimeSeconds * 1_000);
}

function kindOf(state: ServiceState): NoticeKind | null {
  switch (state) {
    case 'running':
    case 'stopped':
    case 'completed':
    case 'failed':
      return state;
    default:
      return null;
  }
}

/** The one that answers, else the newest. */
function jobBehind(kind: NoticeKind, jobs: readonly Job[]): Job | null {
  const newestFirst = jobs.toSorted((a, b) => b.seq - a.seq);
  const ready = newestFirst.find(({ phase }) => phase === 'ready');
  return (kind === 'running' ? ready : undefined) ?? newestFirst[0] ?? null;
}

function factsOf(
  { spec, project, cluster, clusterJobId }: ToldService,
  { state, reason }: { readonly state: ServiceState; readonly reason: string | null },
  job: Job | null,
): Notice['facts'] {
  return {
    ...{ clusterJobId, name: spec.name, recipe: spec.recipe, project, cluster, state },
    reason: reason === null ? null : withoutLog(reason),
    endsAt: job !== null && isLive(job) ? job.endsAt : null,
  };
}
