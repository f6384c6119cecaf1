/** What a request waits for: that its model comes up, or for a place at an engine where all are full. */
export type WaitsFor = 'model' | 'place';

/** How many requests may wait, for one model and in a whole process. */
export interface WaitLimits {
  /** By what they wait for. */
  readonly perModel: Readonly<Record<WaitsFor, number>>;
  readonly perProcess: number;
}

/** How many wait now: those of the principal for the same model. */
export interface WaitCounts {
  readonly principal: number;
  readonly model: number;
  readonly project: number;
  readonly process: number;
}

export type HoldRefusal = 'principal_full' | 'model_full' | 'project_full' | 'process_full';

/**
 * Whether one more request may wait; null: it may. Where they wait for places no principal gets all of the room: it would
 * be of no use to be served in fair turns if one could keep all others from waiting.
 */
export function admitWait(
  limits: WaitLimits,
  waitsFor: WaitsFor,
  counts: WaitCounts,
): HoldRefusal | null {
  const ofModel = limits.perModel[waitsFor] - counts.model;
  if (waitsFor === 'place' && counts.principal > 0 && !hasShare(counts.principal, ofModel))
    return 'principal_full';
  if (ofModel <= 0) return 'model_full';
  const free = limits.perProcess - counts.process;
  if (free <= 0) return 'process_full';
  return hasShare(counts.project, free) ? null : 'project_full';
}

/**
 * Whether one may take more of a room that all share: while it has less than four times what is free.
 * Alone it gets four fifths, two greedy ones get four ninths each, and there is always something left for one
 * that has nothing yet (dynamic thresholds: Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998).
 * @param taken by it so far
 * @param free of the whole room
 */
export function hasShare(taken: number, free: number): boolean {
  return taken < 4 * free;
}
