import pLimit from 'p-limit';
import { tooMuchAsked } from '../refusals.ts';

/** Lets some through at a time; others wait, but not too many of them. */
export type Gate = <T>(task: () => Promise<T>) => Promise<T>;

/** @throws AppError `overloaded`, at once, where as many wait as may */
export function createGate(atOnce: number, mostWaiting: number): Gate {
  const limit = pLimit(atOnce);
  return async (task) => {
    if (limit.activeCount >= atOnce && limit.pendingCount >= mostWaiting) throw tooMuchAsked();
    return await limit(task);
  };
}
