import type { ServiceJson, ServiceStatusJson } from '@wakefield/contracts';
import type { ServiceWithJobs, ServiceWithStatus } from '@wakefield/control';
import { isLeaving, isLive, isOver, type Job, serviceBasePath } from '@wakefield/domain';
import { authorityOf } from '@wakefield/runtime';
import { iso, isoOrNull } from '../../http/iso.ts';

/** @param publicUrl of this installation as its callers see it, without a slash at the end */
export function presentService({ service, jobs }: ServiceWithJobs, publicUrl: string): ServiceJson {
  const { spec, project, cluster } = service;
  const job = currentOf(jobs);
  const status = statusOf(service);
  const hasEnded = isOver(status);
  return {
    ...namesOf(service),
    name: spec.name,
    recipe_name: spec.recipe,
    status,
    reason: service.reason,
    ...{ project, cluster },
    node: job?.node ?? null,
    address: hasEnded || job === null ? null : addressOf(job),
    endpoint: hasEnded ? null : `${publicUrl}${serviceBasePath(service.id)}`,
    model: spec.model,
    config: presentConfig(spec),
    ignored: { ...spec.ignored },
    keep: spec.keep,
    created_by: service.createdBy,
    created_at: iso(service.createdAt),
    expected_start: status === 'pending' && job !== null ? expectedStartOf(job) : null,
    started_at: isoOrNull(job?.startedAt ?? null),
    ends_at: hasEnded ? null : endOf(job),
    // Who stops one that has no job yet ends it with that.
    ended_at: hasEnded ? iso(job?.endedAt ?? service.updatedAt) : null,
    jobs: jobs.toSorted((a, b) => b.seq - a.seq).map(presentJob),
  };
}

/** The small answer, for those who ask often. */
export function presentStatus({ service, jobs }: ServiceWithJobs): ServiceStatusJson {
  return {
    ...namesOf(service),
    status: statusOf(service),
    reason: service.reason,
    node: currentOf(jobs)?.node ?? null,
  };
}

/** On the wire it goes by the id of its job, as soon as that has one. */
function namesOf({ id, clusterJobId }: ServiceWithStatus) {
  return { id: clusterJobId ?? id, uuid: id };
}

/** That of the last plan, which may not have seen yet that somebody has stopped it. */
function statusOf({ state, stopRequested }: ServiceWithStatus): ServiceJson['status'] {
  return stopRequested && !isOver(state) ? 'stopping' : state;
}

/** As callers write it. */
function presentConfig({ environment, resources }: ServiceWithStatus['spec']) {
  const { nodes, cpu, memory, walltimeMinutes, gpu } = resources;
  return {
    environment: { ...environment },
    resources: {
      ...{ nodes, memory, cpu: String(cpu) },
      time_limit: walltimeMinutes,
      gpu: gpu === null ? null : String(gpu),
    },
  };
}

/** The one that answers, else the newest that lives, else the newest. */
function currentOf(jobs: readonly Job[]): Job | null {
  const newestFirst = jobs.toSorted((a, b) => b.seq - a.seq);
  return (
    newestFirst.find(({ phase }) => phase === 'ready') ??
    newestFirst.find(isLive) ??
    newestFirst[0] ??
    null
  );
}

function expectedStartOf({ expectedStart }: Job): ServiceJson['expected_start'] {
  if (expectedStart === null) return null;
  const { from, to, source } = expectedStart;
  return { from: iso(from), to: iso(to), source };
}

function addressOf({ address }: Job): string | null {
  return address === null ? null : authorityOf(address);
}

/** When it is over at the latest; of one that is, that is no news. */
function endOf(job: Job | null): string | null {
  return job === null || !isLive(job) ? null : isoOrNull(job.endsAt);
}

function presentJob(job: Job): ServiceJson['jobs'][number] {
  return {
    id: job.id,
    cluster_job_id: job.clusterJobId,
    state: stateOfJob(job),
    outcome: job.outcome,
    reason: job.reason,
    node: job.node,
    submitted_at: isoOrNull(job.submittedAt),
    started_at: isoOrNull(job.startedAt),
    ends_at: endOf(job),
    ended_at: isoOrNull(job.endedAt),
  };
}

function stateOfJob(job: Job): ServiceJson['jobs'][number]['state'] {
  if (!isLive(job)) return 'ended';
  if (isLeaving(job)) return 'stopping';
  if (job.phase === 'ready') return 'running';
  if (job.phase !== 'starting') return 'pending';
  return job.building ? 'building' : 'starting';
}
