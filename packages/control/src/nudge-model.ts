import type { ModelId } from '@wakefield/domain';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';

export interface NudgeModelDeps {
  readonly nudges: Pick<Nudges, 'model'>;
  readonly log: Log;
}

/** Asks for a look at a model once something about it has changed. A lost nudge only costs time: the sweep looks, too. */
export async function nudgeModel(
  { nudges, log }: NudgeModelDeps,
  modelId: ModelId,
  traceId?: string,
): Promise<void> {
  await nudges
    .model(modelId, traceId)
    .catch((err: unknown) => log.warn({ err, modelId }, 'model not nudged'));
}
