import type { Model } from '@wakefield/domain';
import type { ModelStatus } from './ports/stores.ts';

/**
 * What the proxy does differently by a model's status, as a comparable word: a model that is busy is served like one
 * that is ready, the reason is told only where a request is refused because of it, and who waits is told for how long.
 */
export function seenInRoutes({
  idle,
  state,
  reason,
  expectedReady,
}: Pick<Model, 'idle'> & Pick<ModelStatus, 'state' | 'reason' | 'expectedReady'>): string {
  const served = state === 'busy' ? 'ready' : state;
  const expected = expectedReady === null ? null : [expectedReady.from, expectedReady.to];
  return JSON.stringify([idle, served, state === 'failed' ? reason : null, expected]);
}
