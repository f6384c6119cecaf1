import { asAskedWords } from '../../jobs/job-words.ts';
import type { Job } from '../../vocabulary/job.ts';
import type { Observed, Plan, Policy } from '../../vocabulary/plan.ts';
import type { Service, ServiceState } from '../../vocabulary/service.ts';
import type { EpochMs } from '../../vocabulary/time.ts';
import { reconcile } from '../reconcile.ts';
import { asModel } from './as-model.ts';
import { endingDeadlines } from './notices.ts';
import { stateOf } from './service-state.ts';

/** What is to be done about a service, and what people are told of it. */
export interface ServicePlan extends Omit<Plan, 'state' | 'patch'> {
  readonly state: ServiceState;
}

/**
 * Compares what is wanted of a service with what is seen of it. Its job is started, watched, replaced and ended as that
 * of a model that is always up (`asModel`), with one difference: without `keep` what has come to its end is over,
 * however it ended. Only a job for which there was no room never came to be, and is tried again.
 */
export function reconcileService(
  service: Service,
  observed: Observed,
  policy: Policy,
  now: EpochMs,
): ServicePlan {
  const last = newestOf(observed.jobs);
  const isOver = !service.spec.keep && last?.phase === 'ended' && last.outcome !== 'no_room';
  const model = asModel(isOver ? { ...service, stopRequested: true } : service);
  const { patch: _, state, ...plan } = reconcile(model, observed, policy, now);
  const told = stateOf(service, observed.jobs, state === 'failed');
  const deadlines = endingDeadlines(service, observed.jobs, policy).filter((at) => at > now);
  return {
    ...plan,
    state: told,
    // Of what has come to its end by itself the job knows why; else the plan, which has no word for what is at rest.
    reason: isOver ? (last?.reason ?? null) : told === 'stopped' ? asAskedWords : plan.reason,
    lookAgainAt: Math.min(plan.lookAgainAt, ...deadlines),
  };
}

function newestOf(jobs: readonly Job[]): Job | null {
  return jobs.reduce<Job | null>(
    (newest, job) => (newest === null || job.seq > newest.seq ? job : newest),
    null,
  );
}
