import type { ServiceId } from '@wakefield/domain';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';

export interface NudgeServiceDeps {
  readonly nudges: Pick<Nudges, 'service'>;
  readonly log: Log;
}

/** Asks for a look at a service once something about it has changed. A lost nudge only costs time, as with models. */
export async function nudgeService(
  { nudges, log }: NudgeServiceDeps,
  serviceId: ServiceId,
  traceId?: string,
): Promise<void> {
  await nudges
    .service(serviceId, traceId)
    .catch((err: unknown) => log.warn({ err, serviceId }, 'service not nudged'));
}
