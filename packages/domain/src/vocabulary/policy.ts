import type { Policy } from './plan.ts';

const second = 1_000;
const minute = 60 * second;

/** What a process uses unless it is configured otherwise. */
export const defaultPolicy: Policy = Object.freeze({
  maxFailures: 3,
  backoffMs: Object.freeze([5 * second, 30 * second, 2 * minute]),
  stableAfterMs: 10 * minute,
  drainTimeoutMs: 10 * minute,
  // SLURM warns a job a minute before its end, and up to a minute earlier (sbatch(1), --signal).
  endMarginMs: 2 * minute,
  endGraceMs: 30 * second,
  setbackMs: 30 * second,
  lookAgainMs: 15 * second,
  lookSoonMs: second,
  // Less than the beat of sweeps, so that the next one surely finds it.
  lookInDoubtMs: 4 * second,
  lookRarelyMs: 60 * minute,
  assumedCapacity: 16,
  scaleUpAt: 0.8,
  scaleDownAt: 0.5,
  scaleUpCooldownMs: 30 * second,
  scaleDownCooldownMs: 5 * minute,
  preferenceMs: 30 * second,
  endingNoticeMs: 10 * minute,
  raceAfterMs: 2 * minute,
  unreachableAfterMs: minute,
});
