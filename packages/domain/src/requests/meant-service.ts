import { isOver } from '../planning/service/service-state.ts';
import type { ServiceState } from '../vocabulary/service.ts';

/**
 * Which of several services an id means, as clusters give job ids and those of two may well be the same: one that is not over
 * before others, else the newest; but one that the caller may use before all others.
 * @param called by that id, those that the caller may know of, newest first
 * @returns null: there is none
 */
export function meantService<T>(
  called: readonly T[],
  stateOf: (one: T) => ServiceState,
  mayUse: (one: T) => boolean,
): T | null {
  const sorted = [
    ...called.filter((one) => !isOver(stateOf(one))),
    ...called.filter((one) => isOver(stateOf(one))),
  ];
  return sorted.find(mayUse) ?? sorted[0] ?? null;
}
