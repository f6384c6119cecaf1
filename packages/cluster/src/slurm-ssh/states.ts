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

/** SLURM's words for states like that, as a pattern of bash's `case`. */
export function statePattern(isLike: (state: ClusterJobState) => boolean): string {
  return Object.keys(states)
    .filter((word) => isLike(jobState(word)))
    .join('|');
}
