import { type EpochMs, type ModelId, type Plan, reconcile, settle } from '@wakefield/domain';
import { type LookAtModelsDeps, lookAtModels, reachable } from './look-at-models.ts';
import { nudgeModel } from './nudge-model.ts';
import type { Clock } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { ModelStore, ModelToPlan, QuietModel } from './ports/stores.ts';

export interface SweepModelsDeps extends LookAtModelsDeps {
  readonly models: Pick<ModelStore, 'listDue' | 'putOff'>;
  readonly nudges: Pick<Nudges, 'model' | 'modelLater'>;
  readonly clock: Clock;
}

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
    await sweepPage(deps, page, now);
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
  for (const model of page) {
    const seen = observed.get(model.id);
    const plan =
      seen === undefined ? null : decided(() => reconcile(model, seen, deps.policy, now));
    if (seen === undefined || plan === null || !changesNothing(model, plan, now)) {
      await nudgeModel(deps, model.id);
      continue;
    }
    quiet.push({ model, lookAgainAt: plan.lookAgainAt, lastRequestAt: plan.patch.lastRequestAt });
    if (model.registered && !model.idle) deps.histories.ask(model, reachable(seen, model));
  }
  await deps.models.putOff(quiet);
  for (const { model, lookAgainAt } of quiet) await nudgeInTime(deps, model.id, lookAgainAt, now);
}

/** null: it cannot be decided, which a run tells. */
function decided(decide: () => Plan): Plan | null {
  try {
    return decide();
  } catch {
    return null;
  }
}

/** Whether a run would do and write nothing but when the last request was and when to look again. */
function changesNothing(model: ModelToPlan, plan: Plan, now: EpochMs): boolean {
  const { lastRequestAt, ...patch } = plan.patch;
  if (plan.actions.length > 0 || plan.expectedStarts.length > 0) return false;
  if (Object.keys(patch).length > 0) return false;
  const expectedReady = settle(model.expectedReady, plan.expectedReady, now);
  return (
    plan.state === model.state &&
    plan.reason === model.reason &&
    isSame(plan.because, model.because) &&
    isSame(
      expectedReady && [expectedReady.from, expectedReady.to],
      model.expectedReady && [model.expectedReady.from, model.expectedReady.to],
    )
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The sweeps' beat (queue: sweep-ticker). */
const NEXT_SWEEP_MS = 5_000;

/** A moment before the next sweep must not wait for it. */
async function nudgeInTime(
  deps: SweepModelsDeps,
  id: ModelId,
  lookAgainAt: EpochMs,
  now: EpochMs,
): Promise<void> {
  if (lookAgainAt - now >= NEXT_SWEEP_MS) return;
  await deps.nudges
    .modelLater(id, Math.max(0, lookAgainAt - deps.clock.now()))
    .catch((err: unknown) => deps.log.warn({ err, modelId: id }, 'next look not enqueued'));
}
