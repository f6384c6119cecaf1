import type { RouteBus } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { RouteStore } from './ports/stores.ts';

export interface PublishRoutesDeps {
  readonly routes: Pick<RouteStore, 'revision'>;
  readonly routeBus: Pick<RouteBus, 'publish'>;
  readonly log: Log;
}

/** Tells the proxies to look at the routes again. Losing it costs seconds: they sweep by themselves. */
export async function publishRoutes(deps: PublishRoutesDeps): Promise<void> {
  try {
    await deps.routeBus.publish(await deps.routes.revision());
  } catch (err) {
    deps.log.warn({ err }, 'route change not announced');
  }
}
