import type { NoticeStore, ServiceStore } from '@wakefield/control';
import type { Metrics } from '@wakefield/runtime';

/** Where figures are read that hold for all schedulers. */
export interface ServiceGaugeStores {
  readonly services: Pick<ServiceStore, 'count' | 'listEnds'>;
  readonly notices: Pick<NoticeStore, 'oldestWaiting'>;
}

/**
 * Figures of services. One series for each project and state, and one for each service while it runs and nothing
 * follows it: no more than jobs live at a time. While the store is away, what was read last stands, and time goes on.
 */
export function registerServiceGauges(
  metrics: Metrics,
  { services, notices }: ServiceGaugeStores,
  now: () => number,
): void {
  metrics.gauge({
    name: 'wakefield_services',
    help: 'Services by project and state; those that are over for as long as they are known',
    labelNames: ['project', 'state'],
    async collect() {
      const counts = await services.count().catch(() => null);
      if (counts === null) return;
      this.reset();
      for (const { project, state, count } of counts) this.set({ project, state }, count);
    },
  });
  let ends: Awaited<ReturnType<ServiceStore['listEnds']>> = [];
  metrics.gauge({
    name: 'wakefield_service_ends_in_seconds',
    help: 'Time until the walltime of a service is over that nothing follows, by project and uuid',
    labelNames: ['project', 'uuid'],
    async collect() {
      ends = (await services.listEnds().catch(() => null)) ?? ends;
      this.reset();
      for (const { id, project, endsAt } of ends)
        this.set({ project, uuid: id }, (endsAt - now()) / 1000);
    },
  });
  let oldest: number | null = null;
  metrics.gauge({
    name: 'wakefield_service_notices_oldest_seconds',
    help: 'Age of the oldest notice that the webhook has not taken; 0 when it has taken all',
    async collect() {
      oldest = await notices.oldestWaiting().catch(() => oldest);
      this.set(oldest === null ? 0 : Math.max(0, now() - oldest) / 1000);
    },
  });
}
