import type { Model } from '@wakefield/domain';
import type { ModelStatus } from './ports/stores.ts';

/**
 * What the proxy does differently by a model's status, as a comparable word: a model that is busy is served like one
 * that is ready, and the reason is told only where a request is refused because of it.
 */
export function seenInRoutes({
  idle,
  state,
  reason,
}: Pick<Model, 'idle'> & Pick<ModelStatus, 'state' | 'reason'>): string {
  const served = state === 'busy' ? 'ready' : state;
  return JSON.stringify([idle, served, state === 'failed' ? reason : null]);
}
