import {
  type EpochMs,
  isInHurry,
  type ModelId,
  type Observed,
  type Plan,
  reconcile,
  settle,
} from '@wakefield/domain';
import { type LookAtModelsDeps, lookAtModels, reachable } from './look-at-models.ts';
import { nudgeInTime } from './nudge-in-time.ts';
import { nudgeModel } from './nudge-model.ts';
import type { Clock } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { JobStore, ModelStore, ModelToPlan, QuietModel } from './ports/stores.ts';
import { type ReadRoomDeps, readRoom } from './read-room.ts';
import { seenInRoutes } from './seen-in-routes.ts';

export interface SweepModelsDeps extends LookAtModelsDeps {
  readonly jobs: LookAtModelsDeps['jobs'] & ReadRoomDeps['jobs'];
  readonly models: Pick<ModelStore, 'listDue' | 'putOff'>;
  readonly nudges: Pick<Nudges, 'model' | 'modelLater'>;
  readonly clock: Clock;
}

/** The beat of sweeps. */
export const SWEEP_EVERY_MS = 5_000;
/** Models that are read and decided on at once. */
const PAGE = 250;

/**
 * Looks at every model that is due. The decision is that of a run, and nothing but a decision: where it comes to what
 * is known already, the next look is put off in one statement for all; only the others get a run of their own. So an
 * awake model costs next to nothing as long as nothing happens to it.
 */
export async function sweepModels(
  deps: SweepModelsDeps,
  now: EpochMs,
  signal: AbortSignal,
): Promise<void> {
  let after: ModelToPlan | null = null;
  do {
    const page: readonly ModelToPlan[] = await deps.models.listDue(now, { limit: PAGE, after });
    await sweepPage(deps, page, now).catch(async (err: unknown) => {
      // What one of them has to do with it, its run tells; the others, and those behind them, must not wait for it.
      deps.log.warn({ err, models: page.length }, 'models not swept');
      for (const { id } of page) await nudgeModel(deps, id);
    });
    after = page.length < PAGE ? null : (page.at(-1) ?? null);
  } while (after !== null && !signal.aborted);
}

async function sweepPage(
  deps: SweepModelsDeps,
  page: readonly ModelToPlan[],
  now: EpochMs,
): Promise<void> {
  if (page.length === 0) return;
  const observed = await lookAtModels(deps, page);
  const quiet: QuietModel[] = [];
  const hurried: { readonly id: ModelId; readonly at: EpochMs }[] = [];
  const limited = { ...deps, jobs: { countUse: askedOnce(deps.jobs.countUse) } };
  for (const model of page) {
    const seen = observed.get(model.id);
    const plan = seen === undefined ? null : await decide(limited, model, seen, now);
    if (seen === undefined || plan === null || !isQuiet(model, plan, now)) {
      await nudgeModel(deps, model.id);
      continue;
    }
    const { state, because, lookAgainAt, patch } = plan;
    quiet.push({ model, state, because, lookAgainAt, lastRequestAt: patch.lastRequestAt });
    if (isInHurry(plan, seen, deps.policy, now)) hurried.push({ id: model.id, at: lookAgainAt });
    if (model.registered && !model.idle) deps.histories.ask(model, reachable(seen, model));
  }
  await deps.models.putOff(quiet);
  for (const { id, at } of hurried) await nudgeInTime(deps, id, at);
}

/** As a run does, but that it asks no cluster. @returns null when it cannot be decided, which a run tells */
async function decide(
  deps: ReadRoomDeps & Pick<SweepModelsDeps, 'policy'>,
  model: ModelToPlan,
  seen: Observed,
  now: EpochMs,
): Promise<Plan | null> {
  try {
    const wish = reconcile(model, seen, deps.policy, now);
    if (wish.actions.length > 0) return wish;
    const room = await readRoom(deps, model, seen.jobs, wish);
    return room === null ? wish : reconcile(model, { ...seen, room }, deps.policy, now);
  } catch {
    return null;
  }
}

/** One question for all models of a project on a cluster. */
function askedOnce(count: JobStore['countUse']): JobStore['countUse'] {
  const asked = new Map<string, ReturnType<JobStore['countUse']>>();
  return (cluster, project) => {
    const key = JSON.stringify([cluster, project]);
    const use = asked.get(key) ?? count(cluster, project);
    asked.set(key, use);
    return use;
  };
}

/** Whether a run would do nothing, and write nothing that routes show or that people should find in a log. */
function isQuiet(model: ModelToPlan, plan: Plan, now: EpochMs): boolean {
  const { lastRequestAt, ...patch } = plan.patch;
  if (plan.actions.length > 0 || plan.expectedStarts.length > 0) return false;
  if (Object.keys(patch).length > 0 || plan.reason !== model.reason) return false;
  const expectedReady = settle(model.expectedReady, plan.expectedReady, now);
  return seenInRoutes(model) === seenInRoutes({ ...plan, expectedReady, idle: model.idle });
}
