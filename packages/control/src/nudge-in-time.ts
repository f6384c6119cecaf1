import type { EpochMs, ModelId, Observed, Plan, Policy } from '@wakefield/domain';
import type { Clock } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';

export interface NudgeInTimeDeps {
  readonly nudges: Pick<Nudges, 'modelLater'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Whether a plan's next look must not wait for the sweep that comes after it: it is about something of the model's own,
 * a deadline or a submission. The usual looks are the sweep's alone, and so are those at models of which the demand is
 * not known: that may be all at once.
 */
export function isInHurry(
  { actions, lookAgainAt }: Pick<Plan, 'actions' | 'lookAgainAt'>,
  { demand }: Pick<Observed, 'demand'>,
  { lookAgainMs, lookInDoubtMs }: Policy,
  now: EpochMs,
): boolean {
  const submits = actions.some(({ kind }) => kind === 'submit' || kind === 'intend');
  const usualMs = demand === null && !submits ? lookInDoubtMs : lookAgainMs;
  return lookAgainAt < now + usualMs;
}

/** A model's next look at the moment that the plan names, not at the next sweep after it. */
export async function nudgeInTime(
  { nudges, clock, log }: NudgeInTimeDeps,
  modelId: ModelId,
  at: EpochMs,
): Promise<void> {
  await nudges
    .modelLater(modelId, Math.max(0, at - clock.now()))
    .catch((err: unknown) => log.warn({ err, modelId }, 'next look not enqueued'));
}
