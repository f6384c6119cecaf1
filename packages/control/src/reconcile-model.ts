import {
  type Demand,
  type EpochMs,
  isLive,
  type Model,
  type ModelId,
  type Observed,
  type Plan,
  type Policy,
  reconcile,
  withoutLog,
} from '@wakefield/domain';
import { act } from './act.ts';
import type { ActDeps } from './act-context.ts';
import { nudgeModel } from './nudge-model.ts';
import type { DemandBoard, Nudges } from './ports/messaging.ts';
import type { ClusterStatusStore, Lease, ModelStore, ModelWithStatus } from './ports/stores.ts';
import { type PublishRoutesDeps, publishRoutes } from './publish-routes.ts';
import { withoutRemoved } from './removed-clusters.ts';
import { seenInRoutes } from './seen-in-routes.ts';
import { LEASE_RETRY_MS, type WithLeaseDeps, withLease } from './with-lease.ts';

export interface ReconcileModelDeps extends ActDeps, PublishRoutesDeps, WithLeaseDeps {
  readonly models: Pick<ModelStore, 'get' | 'savePlan'>;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
  readonly demandBoard: Pick<DemandBoard, 'read'>;
  readonly nudges: Pick<Nudges, 'cluster' | 'model' | 'modelLater'>;
  readonly policy: Policy;
}

/** One run of the loop for one model: look, decide, act, record. Running it twice does nothing twice. */
export async function reconcileModel(
  deps: ReconcileModelDeps,
  id: ModelId,
  signal: AbortSignal,
): Promise<void> {
  const ran = await withLease(deps, `model:${id}`, signal, (lease, held) =>
    run(deps, id, lease, held),
  );
  // Whoever holds it may be dead, and this was the wish that his work be done by another.
  if (!ran) await nudgeLater(deps, id, deps.clock.now() + LEASE_RETRY_MS);
}

async function run(
  deps: ReconcileModelDeps,
  id: ModelId,
  lease: Lease,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = deps.clock.now();
  const model = await deps.models.get(id);
  if (model === null) return;
  const observed = await look(deps, model);
  const plan = reconcile(model, observed, deps.policy, startedAt);
  const save = (lookAgainAt: EpochMs) => {
    const status = { state: plan.state, reason: plan.reason, because: plan.because };
    const { generation, dueCount } = model;
    return deps.models.savePlan(
      id,
      lease,
      { generation, dueCount, patch: plan.patch, status, lookAgainAt },
      deps.clock.now(),
    );
  };
  // Decisions are kept before they are acted on, still due: a newer wish stops a plan that it outdates, and
  // a death in between is made up for at once.
  if (plan.actions.length > 0 && !(await save(startedAt))) return await nudgeModel(deps, id);
  const again = await act(deps, { model, jobs: observed.jobs, lease, signal }, plan.actions);
  const saved = await save(again ? startedAt : plan.lookAgainAt);
  const changed =
    plan.actions.length > 0 || plan.state !== model.state || plan.reason !== model.reason;
  if (changed) {
    logPlan(deps, model, plan);
    const after = { ...plan, idle: plan.patch.idle ?? model.idle };
    if (plan.actions.length > 0 || seenInRoutes(model) !== seenInRoutes(after))
      await publishRoutes(deps);
  }
  if (again || !saved) await nudgeModel(deps, id);
  else await nudgeLater(deps, id, plan.lookAgainAt);
  deps.telemetry.reconciled(deps.clock.now() - startedAt, plan.actions.length > 0);
}

/** Looks further ahead are the sweep's alone: it comes late by seconds, and nothing piles up for sleeping models. */
const NUDGED_WITHIN_MS = 60_000;

/** At the moment that the plan names, not at the next sweep after it. */
async function nudgeLater(deps: ReconcileModelDeps, id: ModelId, at: EpochMs): Promise<void> {
  const delayMs = at - deps.clock.now();
  if (delayMs > NUDGED_WITHIN_MS) return;
  await deps.nudges
    .modelLater(id, Math.max(0, delayMs))
    .catch((err: unknown) => deps.log.warn({ err, modelId: id }, 'next look not enqueued'));
}

/** Everything the decision needs. What cannot be read is unknown, which is not nothing. */
async function look(deps: ReconcileModelDeps, { id, cluster }: Model): Promise<Observed> {
  const [jobs, clusters, demand] = await Promise.all([
    deps.jobs.listForModel(id, Math.max(5, deps.policy.maxFailures + 2)),
    deps.clusters.list(),
    deps.demandBoard.read(id).catch((err: unknown): Demand => {
      deps.log.warn({ err, modelId: id }, 'demand unknown');
      return null;
    }),
  ]);
  const names = [cluster, ...jobs.filter(isLive).map((job) => job.cluster)];
  return { jobs, demand, clusters: withoutRemoved(clusters, names, deps.drivers) };
}

function logPlan(deps: ReconcileModelDeps, model: ModelWithStatus, plan: Plan): void {
  deps.log.info(
    {
      modelId: model.id,
      project: model.project,
      model: model.spec.hfModelId,
      traceId: model.traceId,
      was: model.state,
      state: plan.state,
      reason: plan.reason === null ? null : withoutLog(plan.reason),
      actions: plan.actions.map((action) => action.kind),
      because: plan.because,
    },
    'model reconciled',
  );
}
