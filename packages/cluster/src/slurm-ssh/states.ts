import type { ClusterJobState } from '@wakefield/domain';

/**
 * Every state that squeue may print in place of a job's state, 22.05 to 25.11: base states and the flags that it
 * shows instead of them (slurm/slurm.h `enum job_states`, src/common/slurm_protocol_defs.c `job_state_string`).
 */
const states: Readonly<Record<string, ClusterJobState>> = {
  PENDING: 'pending',
  REQUEUED: 'pending',
  REQUEUE_FED: 'pending',
  REQUEUE_HOLD: 'pending',
  RESV_DEL_HOLD: 'pending',
  SPECIAL_EXIT: 'pending',
  EXPEDITING: 'pending',
  // Allocated; nodes boot or run their prolog.
  CONFIGURING: 'running',
  POWER_UP_NODE: 'running',
  RUNNING: 'running',
  RESIZING: 'running',
  SIGNALING: 'running',
  SUSPENDED: 'suspended',
  STOPPED: 'suspended',
  COMPLETING: 'completing',
  STAGE_OUT: 'completing',
  UPDATE_DB: 'completing',
  COMPLETED: 'completed',
  CANCELLED: 'cancelled',
  REVOKED: 'cancelled',
  FAILED: 'failed',
  LAUNCH_FAILED: 'failed',
  RECONFIG_FAIL: 'failed',
  OUT_OF_MEMORY: 'failed',
  TIMEOUT: 'timeout',
  DEADLINE: 'timeout',
  PREEMPTED: 'preempted',
  NODE_FAIL: 'node_failed',
  BOOT_FAIL: 'node_failed',
};

/** Folds a state of SLURM's to what we act on; `CANCELLED by 1001` counts as CANCELLED. */
export function jobState(slurm: string): ClusterJobState {
  return states[slurm.split(' ')[0] ?? ''] ?? 'unknown';
}

const over: readonly ClusterJobState[] = [
  'completed',
  'failed',
  'cancelled',
  'timeout',
  'preempted',
  'node_failed',
];

export function isOver(state: ClusterJobState): boolean {
  return over.includes(state);
}

/** Words of SLURM's for states in which a job still holds or awaits resources; for shell programs. */
export const liveStateWords: readonly string[] = Object.keys(states).filter((word) => {
  const state = jobState(word);
  return !isOver(state);
});
