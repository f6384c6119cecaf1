/** How many requests may wait for models that wake, for one model and for a whole process. */
export interface HoldLimits {
  readonly perModel: number;
  readonly perProcess: number;
}

/** How many wait now. */
export interface HoldCounts {
  readonly model: number;
  readonly process: number;
}

export type HoldRefusal = 'model_full' | 'process_full';

/** Whether one more request may wait; null: it may. */
export function admitHold(limits: HoldLimits, counts: HoldCounts): HoldRefusal | null {
  if (counts.model >= limits.perModel) return 'model_full';
  return counts.process >= limits.perProcess ? 'process_full' : null;
}
