import type { ClusterJobState } from '@wakefield/domain';

/** Whether nothing will come of it any more. */
export function isOver(state: ClusterJobState): boolean {
  return overStates.has(state);
}

const overStates: ReadonlySet<ClusterJobState> = new Set([
  'completed',
  'failed',
  'cancelled',
  'timeout',
  'preempted',
  'node_failed',
]);

/** Whether it holds or awaits a place; a job that is only cleaned up does not. */
export function isHolding(state: ClusterJobState): boolean {
  return state === 'pending' || state === 'running' || state === 'suspended';
}
