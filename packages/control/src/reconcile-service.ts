import {
  asModel,
  type EpochMs,
  endedToJudge,
  isInHurry,
  type Model,
  type Notice,
  noticesOf,
  type Observed,
  type Policy,
  reconcileService as plan,
  type Service,
  type ServiceId,
  type ServicePlan,
  withoutLog,
} from '@wakefield/domain';
import { act } from './act.ts';
import type { ActDeps } from './act-context.ts';
import { type LookAtServiceDeps, lookAtService } from './look-at-service.ts';
import { nudgeService } from './nudge-service.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Lease, ServiceStore, ServiceToPlan } from './ports/stores.ts';
import type { Webhook } from './ports/webhook.ts';
import { type PublishRoutesDeps, publishRoutes } from './publish-routes.ts';
import { type ReadRoomDeps, readRoom } from './read-room.ts';
import { LEASE_RETRY_MS, type WithLeaseDeps, withLease } from './with-lease.ts';

export interface ReconcileServiceDeps
  extends ActDeps,
    PublishRoutesDeps,
    ReadRoomDeps,
    LookAtServiceDeps,
    WithLeaseDeps {
  readonly jobs: ActDeps['jobs'] & ReadRoomDeps['jobs'] & LookAtServiceDeps['jobs'];
  readonly services: Pick<ServiceStore, 'get' | 'savePlan'>;
  readonly nudges: Pick<Nudges, 'cluster' | 'service' | 'serviceLater' | 'notices'>;
  readonly policy: Policy;
  /** null: nobody is told anything, and nothing is kept to be told. */
  readonly webhook: Webhook | null;
}

/** One run of the loop for one service, as `reconcileModel` for a model. Running it twice does nothing twice. */
export async function reconcileService(
  deps: ReconcileServiceDeps,
  id: ServiceId,
  signal: AbortSignal,
): Promise<void> {
  const ran = await withLease(deps, `service:${id}`, signal, (lease, held) =>
    run(deps, id, lease, held),
  );
  // Whoever holds it may be dead, and this was the wish that his work be done by another.
  if (!ran) await later(deps, id, LEASE_RETRY_MS);
}

async function run(
  deps: ReconcileServiceDeps,
  id: ServiceId,
  lease: Lease,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = deps.clock.now();
  const service = await deps.services.get(id);
  if (service === null) return;
  const model = asModel(service);
  const ended = endedToJudge(model.spec, deps.policy);
  const observed = await lookAtService(deps, service, model, ended);
  const decided = await decide(deps, service, model, observed, startedAt);
  const { state, reason, because, actions, expectedStarts, lookAgainAt } = decided;
  const { generation, dueCount } = service;
  const status = { state, reason, because };
  const notices =
    deps.webhook === null
      ? []
      : noticesOf(service, decided, observed.jobs, deps.policy, deps.clock.now());
  const save = async (at: EpochMs) => {
    const plan = { generation, dueCount, status, expectedStarts, lookAgainAt: at, notices };
    const saved = await deps.services.savePlan(id, lease, plan, deps.clock.now());
    if (saved) await tell(deps, notices);
    return saved;
  };
  // Kept before they are acted on, still due: as plans of models.
  if (actions.length > 0 && !(await save(startedAt))) return await nudgeService(deps, id);
  const again = await act(deps, { model, service, jobs: observed.jobs, lease, signal }, actions);
  const saved = await save(again ? startedAt : lookAgainAt);
  const isNews = state !== service.state || reason !== service.reason;
  if (isNews || actions.length > 0) {
    logPlan(deps, service, decided);
    await publishRoutes(deps);
  }
  if (again || !saved) await nudgeService(deps, id);
  else if (isInHurry(decided, observed, deps.policy, startedAt))
    await later(deps, id, Math.max(0, lookAgainAt - deps.clock.now()));
  deps.telemetry.reconciled(deps.clock.now() - startedAt, actions.length > 0);
}

async function decide(
  deps: ReconcileServiceDeps,
  service: Service,
  model: Model,
  observed: Observed,
  now: EpochMs,
): Promise<ServicePlan> {
  const wish = plan(service, observed, deps.policy, now);
  const room = await readRoom(deps, model, observed.jobs, wish);
  return room === null ? wish : plan(service, { ...observed, room }, deps.policy, now);
}

/** Without waiting for what else the run does: a cluster may take minutes. */
async function tell(deps: ReconcileServiceDeps, notices: readonly Notice[]): Promise<void> {
  for (const serviceId of new Set(notices.map((notice) => notice.serviceId)))
    await deps.nudges
      .notices(serviceId)
      .catch((err: unknown) => deps.log.warn({ err, serviceId }, 'notices not nudged'));
}

async function later(deps: ReconcileServiceDeps, id: ServiceId, delayMs: number): Promise<void> {
  await deps.nudges
    .serviceLater(id, delayMs)
    .catch((err: unknown) => deps.log.warn({ err, serviceId: id }, 'next look not enqueued'));
}

function logPlan(deps: ReconcileServiceDeps, service: ServiceToPlan, decided: ServicePlan): void {
  const { state, reason, actions, because } = decided;
  deps.log.info(
    {
      serviceId: service.id,
      serviceName: service.spec.name,
      project: service.project,
      recipe: service.spec.recipe,
      traceId: service.traceId,
      was: service.state,
      state,
      reason: reason === null ? null : withoutLog(reason),
      actions: actions.map((action) => action.kind),
      because,
    },
    'service reconciled',
  );
}
