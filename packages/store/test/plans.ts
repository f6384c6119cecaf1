import type { ModelStatus, Stores } from '@wakefield/control';
import type { Model } from '@wakefield/domain';
import { SAMPLE_NOW } from '@wakefield/testkit';

type SavedPlan = Parameters<Stores['models']['savePlan']>[2];

export const ready: ModelStatus = {
  state: 'ready',
  reason: null,
  because: ['one job is ready'],
  expectedReady: null,
};

/** What a run that saw the model like this has to write: it serves, and is looked at again in a minute. */
export function planOf({ generation }: Model, over: Partial<SavedPlan> = {}): SavedPlan {
  return { generation, patch: {}, status: ready, lookAgainAt: SAMPLE_NOW + 60_000, ...over };
}

/** The models that are due by `now`, the most overdue first. */
export async function dueModels(models: Stores['models'], now: number, limit: number) {
  return (await models.listDue(now, { limit, after: null })).map(({ id }) => id);
}
