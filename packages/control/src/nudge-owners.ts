import type { Job } from '@wakefield/domain';
import { nudgeModel } from './nudge-model.ts';
import { nudgeService } from './nudge-service.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';

export interface NudgeOwnersDeps {
  readonly nudges: Pick<Nudges, 'model' | 'service'>;
  readonly log: Log;
}

/** Nudges that are under way at once. */
const AT_ONCE = 200;

/** Asks for a look at the models and services that these jobs are of. */
export async function nudgeOwners(
  deps: NudgeOwnersDeps,
  jobs: readonly Pick<Job, 'modelId' | 'serviceId'>[],
): Promise<void> {
  const models = new Set(jobs.flatMap(({ modelId }) => modelId ?? []));
  const services = new Set(jobs.flatMap(({ serviceId }) => serviceId ?? []));
  const nudges = [
    ...[...models].map((id) => () => nudgeModel(deps, id)),
    ...[...services].map((id) => () => nudgeService(deps, id)),
  ];
  for (let from = 0; from < nudges.length; from += AT_ONCE)
    await Promise.all(nudges.slice(from, from + AT_ONCE).map((nudge) => nudge()));
}
