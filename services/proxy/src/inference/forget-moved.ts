import type { Address, JobId, Route } from '@wakefield/domain';
import { isSamePlace } from '../upstream/place.ts';

/** An engine that has come up elsewhere has not seen what it saw before: takes such out of those that were tried. */
export function forgetMoved(tried: Map<JobId, Address>, { endpoints }: Route): void {
  for (const { jobId, address } of endpoints) {
    const before = tried.get(jobId);
    if (before !== undefined && !isSamePlace(before, address)) tried.delete(jobId);
  }
}
