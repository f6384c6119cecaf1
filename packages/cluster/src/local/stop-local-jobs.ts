import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterDriver } from '@wakefield/control';
import { isOver } from '../job-states.ts';

/**
 * Cancels every job of a local cluster and waits until their processes are gone: what a stack does that goes
 * away for good, since jobs outlive their scheduler.
 * @returns how many were ended
 * @throws the signal's reason when it aborts before all are over
 */
export async function stopLocalJobs(driver: ClusterDriver, signal: AbortSignal): Promise<number> {
  const live = async () => {
    const { sightings } = await driver.observe([], signal);
    return [...sightings.values()].flatMap(({ clusterJob }) =>
      clusterJob === null || isOver(clusterJob.state) ? [] : [clusterJob],
    );
  };
  const jobs = await live();
  await driver.cancel(jobs, signal);
  while ((await live()).length > 0) await sleep(50, undefined, { signal });
  return jobs.length;
}
