import type { JobPatch } from '@wakefield/control';
import { defaultPolicy, type Job, type JobPhase, servesUntil } from '@wakefield/domain';
import { mayServe } from './rows.ts';
import type { jobs } from './schema/jobs.ts';

/** Ended is final, whatever the caller believes. */
export function revives(phase: JobPhase, patch: JobPatch): boolean {
  return phase === 'ended' && patch.phase !== undefined && patch.phase !== 'ended';
}

export function patchColumns({
  address,
  expectedStart,
  ...patch
}: JobPatch): Partial<typeof jobs.$inferInsert> {
  return {
    ...patch,
    ...(address !== undefined && {
      addressHost: address?.host ?? null,
      addressPort: address?.port ?? null,
    }),
    ...(expectedStart !== undefined && {
      expectedFrom: expectedStart?.from ?? null,
      expectedTo: expectedStart?.to ?? null,
      expectedSource: expectedStart?.source ?? null,
    }),
  };
}

/** What readers of routes see of a job, as a comparable word; empty while it has no requests. */
export function seenInRoutes(job: Job): string {
  const { phase, address, capacity } = job;
  const called = job.serviceId === null ? '' : (job.clusterJobId ?? '');
  if (phase === 'ready' && address !== null) {
    const until = servesUntil(job, defaultPolicy);
    return JSON.stringify([called, address.host, address.port, capacity, until]);
  }
  return mayServe(job) ? `finishing ${called}` : called;
}
