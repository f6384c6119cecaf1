import { isHolding, isOver } from '../job-states.ts';
import { statePattern } from './states.ts';

/** Patterns for states of jobs: all that are not over, and those that hold or await a place. */
export const LIVE = statePattern((state) => !isOver(state));
export const HOLDING = statePattern(isHolding);

/**
 * Nobody on the far side ends a client of SLURM's when we give up waiting for it, so it ends itself: when our
 * patience is over (remoteProgram sets LEFT), not later.
 */
export const BOUNDED = 'timeout -k 5 "$((LEFT > SECONDS ? LEFT - SECONDS : 1))"';

/** Bytes of a queue that are read: tens of thousands of jobs. A longer one is an error, not a short queue. */
const LONGEST_QUEUE = 8 << 20;

/**
 * Reads squeue in this format into the shell variables `queue` and `code`. A shell keeps all of it in memory, and
 * goes on doing so when we have long given up: head ends a squeue that says too much, by SIGPIPE.
 */
export function readQueue(format: string): string {
  return `queue=$(clean TZ=UTC ${BOUNDED} squeue --me -h -t all -o '${format}' | head -c ${LONGEST_QUEUE}; exit "\${PIPESTATUS[0]}"); code=$?`;
}
