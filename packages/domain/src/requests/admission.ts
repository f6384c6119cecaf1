/** How many requests may wait for models that wake, for one model and for a whole process. */
export interface HoldLimits {
  readonly perModel: number;
  readonly perProcess: number;
}

/** How many wait now. */
export interface HoldCounts {
  readonly model: number;
  readonly project: number;
  readonly process: number;
}

export type HoldRefusal = 'model_full' | 'project_full' | 'process_full';

/** Whether one more request may wait; null: it may. */
export function admitHold(limits: HoldLimits, counts: HoldCounts): HoldRefusal | null {
  if (counts.model >= limits.perModel) return 'model_full';
  const free = limits.perProcess - counts.process;
  if (free <= 0) return 'process_full';
  return hasShare(counts.project, free) ? null : 'project_full';
}

/**
 * Whether a project may take more of a room that all share: while it has less than four times what is free.
 * Alone it gets four fifths, two greedy ones get four ninths each, and there is always something left for one
 * that has nothing yet (dynamic thresholds: Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998).
 * @param taken by the project so far
 * @param free of the whole room
 */
export function hasShare(taken: number, free: number): boolean {
  return taken < 4 * free;
}
