import {
  type EpochMs,
  isInHurry,
  type Model,
  type ModelId,
  type Observed,
  type Plan,
  reconcile,
  scaledTo,
  settle,
  withoutLog,
} from '@wakefield/domain';
import { act } from './act.ts';
import type { ActDeps } from './act-context.ts';
import { type LookAtModelsDeps, lookAtModels, reachable } from './look-at-models.ts';
import { nudgeInTime } from './nudge-in-time.ts';
import { nudgeModel } from './nudge-model.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Lease, ModelStore, ModelWithStatus } from './ports/stores.ts';
import { type PublishRoutesDeps, publishRoutes } from './publish-routes.ts';
import { type ReadRoomDeps, readRoom } from './read-room.ts';
import { seenInRoutes } from './seen-in-routes.ts';
import { LEASE_RETRY_MS, type WithLeaseDeps, withLease } from './with-lease.ts';

export interface ReconcileModelDeps
  extends ActDeps,
    PublishRoutesDeps,
    ReadRoomDeps,
    LookAtModelsDeps,
    WithLeaseDeps {
  readonly jobs: ActDeps['jobs'] & ReadRoomDeps['jobs'] & LookAtModelsDeps['jobs'];
  readonly models: Pick<ModelStore, 'get' | 'savePlan'>;
  readonly nudges: Pick<Nudges, 'cluster' | 'model' | 'modelLater'>;
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
  if (!ran) await nudgeInTime(deps, id, deps.clock.now() + LEASE_RETRY_MS);
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
  const observed = (await lookAtModels(deps, [model])).get(id);
  if (observed === undefined) return;
  const plan = await decide(deps, model, observed, startedAt);
  const { state, reason, because } = plan;
  const expectedReady = settle(model.expectedReady, plan.expectedReady, startedAt);
  const status = { state, reason, because, expectedReady };
  const save = (lookAgainAt: EpochMs) => {
    const { generation, dueCount } = model;
    const { patch, expectedStarts } = plan;
    return deps.models.savePlan(
      id,
      lease,
      { generation, dueCount, patch, status, expectedStarts, lookAgainAt },
      deps.clock.now(),
    );
  };
  // Decisions are kept before they are acted on, still due: a newer wish stops a plan that it outdates, and
  // a death in between is made up for at once.
  if (plan.actions.length > 0 && !(await save(startedAt))) return await nudgeModel(deps, id);
  const again = await act(
    deps,
    { model, service: null, jobs: observed.jobs, lease, signal },
    plan.actions,
  );
  const saved = await save(again ? startedAt : plan.lookAgainAt);
  const after = { ...status, idle: plan.patch.idle ?? model.idle };
  tellScale(deps, model, plan, saved);
  await tell(deps, model, plan, seenInRoutes(model) !== seenInRoutes(after));
  // Not before: whoever wakes a model must not wait behind a question that is not needed for it.
  if (model.registered && !after.idle) deps.histories.ask(model, reachable(observed, model));
  if (again || !saved) await nudgeModel(deps, id);
  else if (isInHurry(plan, observed, deps.policy, startedAt))
    await nudgeInTime(deps, id, plan.lookAgainAt);
  deps.telemetry.reconciled(deps.clock.now() - startedAt, plan.actions.length > 0);
}

/** To the log, where something is new, and to the proxies. */
async function tell(
  deps: ReconcileModelDeps,
  model: ModelWithStatus,
  plan: Plan,
  seen: boolean,
): Promise<void> {
  const acted = plan.actions.length > 0;
  if (acted || plan.state !== model.state || plan.reason !== model.reason)
    logPlan(deps, model, plan);
  if (acted || seen) await publishRoutes(deps);
}

/** Clusters are asked about starts only once a plan starts something, which few do; of room see `readRoom`. */
async function decide(
  deps: ReconcileModelDeps,
  model: Model,
  observed: Observed,
  now: EpochMs,
): Promise<Plan> {
  const wish = reconcile(model, observed, deps.policy, now);
  const seen = startsJob(wish) ? await withTrials(deps, model, observed) : observed;
  const informed = seen === observed ? wish : reconcile(model, seen, deps.policy, now);
  const room = await readRoom(deps, model, observed.jobs, informed);
  return room === null ? informed : reconcile(model, { ...seen, room }, deps.policy, now);
}

function startsJob({ actions }: Plan): boolean {
  return actions.some(({ kind }) => kind === 'intend');
}

const TRIAL_PATIENCE_MS = 2_000;

/** A choice between clusters is worth a moment; where there is none, nobody waits for an answer. */
async function withTrials(
  deps: ReconcileModelDeps,
  model: Model,
  observed: Observed,
): Promise<Observed> {
  const choice = reachable(observed, model);
  if (choice.length < 2) return observed;
  deps.histories.ask(model, choice);
  const asked = await deps.histories.read(model, choice, TRIAL_PATIENCE_MS);
  return { ...observed, history: { ...observed.history, ...asked } };
}

/** A plan with actions was kept before they were done, whatever became of it then. */
function tellScale(
  { telemetry }: ReconcileModelDeps,
  { replicas }: Model,
  { patch, actions }: Plan,
  saved: boolean,
): void {
  const to = scaledTo(patch);
  if (to !== null && to !== replicas && (saved || actions.length > 0))
    telemetry.scaled(replicas, to);
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
