import type { EpochMs, ModelId } from '@wakefield/domain';
import type { Clock } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';

export interface NudgeInTimeDeps {
  readonly nudges: Pick<Nudges, 'modelLater'>;
  readonly clock: Clock;
  readonly log: Log;
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
