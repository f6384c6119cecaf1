import { setTimeout as wait } from 'node:timers/promises';
import type { ServiceWithJobs } from '@wakefield/control';
import { AppError, type ClusterName, isAppError, isOver, type ServiceId } from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';

const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 500;

/**
 * Waits until the cluster has given the service's job an id, or it came to its end without one.
 * @param waitMsOn how long at most, by its cluster
 * @param isOff whether to wait no longer: its caller has left, or this process goes away
 * @returns null when neither is so in time, or the store does not answer: nothing is lost, it goes on by itself; `gone`
 * when there is no such service any more
 */
export async function awaitJobId(
  { services, logger }: Pick<ApiDeps, 'services' | 'logger'>,
  id: ServiceId,
  waitMsOn: (cluster: ClusterName) => Promise<number>,
  isOff: () => boolean,
): Promise<ServiceWithJobs | 'gone' | null> {
  const since = performance.now();
  let waitMs: number | null = null;
  try {
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LONGEST_POLL_MS)) {
      const service = await services.get(id);
      if (service === null) return 'gone';
      if (service.clusterJobId !== null || isOver(service.state))
        return (await services.lookUp(id, null, null))[0] ?? 'gone';
      waitMs ??= await waitMsOn(service.cluster);
      const left = since + waitMs - performance.now();
      if (left <= 0 || isOff()) return null;
      await wait(Math.min(pause, left));
    }
  } catch (error) {
    if (!isAppError(error)) throw error;
    logger.warn({ err: error, serviceId: id }, 'service not read');
    return null;
  }
}

/** The cluster would not take its job: an error, for there is nothing of which an id could be told. */
export function refusedByCluster({ service, jobs }: ServiceWithJobs): AppError | null {
  const refused = service.clusterJobId === null && jobs[0]?.outcome === 'refused';
  if (!refused || !isOver(service.state)) return null;
  const why = service.reason ?? jobs[0]?.reason ?? 'it did not say why';
  return new AppError(
    'cluster_refused',
    `Cluster ${service.cluster} would not take the job of service ${service.id}: ${why}`,
    { param: 'cluster' },
  );
}
