import type { Route } from '../http/routes.ts';

/** HealthController. */
export const healthRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: 'Health',
    limit: 0,
    since: ({ health }) => health,
    handle: ({ instance }) => ({
      json: {
        IsHealthy: true,
        Timestamp: new Date(instance.clock.now()).toISOString(),
        Version: instance.traits.version,
        InstanceIdentifier: instance.settings.instanceIdentifier,
        Component: {
          Database: { IsHealthy: true },
          Vault: {
            IsHealthy: true,
            Info: { Initialized: true, Sealed: false, StandBy: false, PerformanceStandby: false },
          },
        },
      },
    }),
  },
];
