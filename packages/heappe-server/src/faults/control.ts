import type { Instance } from '../instance.ts';
import { scheduledIds } from '../jobs/job-life.ts';
import { pollOnce } from '../jobs/poller.ts';
import type { FaultRule, FaultSwitches } from './faults.ts';

/** What a test does to the server that HEAppE has no call for. */
export interface HeappeControl {
  addFault(rule: FaultRule): void;
  setSwitches(switches: Partial<FaultSwitches>): void;
  /** Takes back all rules and switches. */
  clearFaults(): void;
  faults(): { readonly rules: readonly FaultRule[]; readonly switches: FaultSwitches };
  /** One round of the background loops, held or not. */
  poll(): Promise<void>;
  /** Moves its clock: sessions and caches grow old. */
  advance(ms: number): void;
  expireSessions(): void;
  /** Tunnels that are there look alive and are dead. */
  makeTunnelsStale(): void;
  /** The scheduler forgets a job. @returns false when there is no such job */
  purge(jobId: number): Promise<boolean>;
  /** Ends at once with every connection and tunnel, and comes back on the same port; jobs run on. */
  restart(options?: { readonly downMs?: number }): Promise<void>;
}

/** `restart` is the server's own affair. */
export function controlOf(
  instance: Instance,
  restart: (options: { readonly downMs?: number }) => Promise<void>,
): HeappeControl {
  const { faults, clock, sessions, tunnels, scheduler, database } = instance;
  return {
    addFault: (rule) => faults.add(rule),
    setSwitches: (switches) => Object.assign(faults.switches, switches),
    clearFaults: () => faults.clear(),
    faults: () => ({ rules: faults.rules(), switches: { ...faults.switches } }),
    poll: () => pollOnce(instance),
    advance: (ms) => clock.advance(ms),
    expireSessions: () => sessions.expireAll(),
    makeTunnelsStale: () => tunnels.makeStale(),
    async purge(jobId) {
      const job = database.world.jobs.find(({ id }) => id === jobId);
      if (job === undefined) return false;
      for (const id of scheduledIds(job)) await scheduler.purge(id);
      return true;
    },
    restart: (options = {}) => restart(options),
  };
}
