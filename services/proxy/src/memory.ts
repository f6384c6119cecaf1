import type { Logger, Metrics } from '@wakefield/runtime';
import { processClock } from './clock.ts';
import { createBodyRoom } from './inference/body-room.ts';
import { createCallerOf } from './inference/caller.ts';
import { HabitBook } from './inference/engine-habits.ts';
import { createInference } from './inference/inference.ts';
import { createPicker } from './inference/picker.ts';
import { createPlacements } from './inference/placements.ts';
import { createRunLengths } from './inference/run-lengths.ts';
import { createSuspects } from './inference/suspects.ts';
import { createWakeKeeper } from './inference/wake-keeper.ts';
import { createProxyMetrics, type ProxyMetrics } from './metrics.ts';
import type { ProxyPorts, ProxySettings } from './proxy.ts';
import type { LiveRoutes } from './routes/live-routes.ts';
import { trustedPeers } from './server/peers.ts';
import { countVisits } from './services/count-visits.ts';
import type { Visiting } from './services/parts.ts';
import { createServiceOrigins } from './services/service-origins.ts';
import { createServices } from './services/services.ts';
import { createTurns } from './turns.ts';
import { createUpstreamPools } from './upstream/pools.ts';

/** Everything that the hot path looks at. */
export function createMemory(
  ports: ProxyPorts,
  settings: ProxySettings,
  logger: Logger,
  routes: LiveRoutes,
  metrics: Metrics,
  connections: () => number,
) {
  const clock = processClock;
  const turns = createTurns({
    ...settings,
    board: ports.board,
    limitBoard: ports.limitBoard,
    rules: settings.limits,
    routeOf: (modelId) => routes.current()?.byModel(modelId) ?? null,
    clock,
    logger,
    suspects: createSuspects(clock.elapsed, ({ jobId, cluster }, failures) => {
      logger.warn({ jobId, cluster, failures }, 'this engine fails again and again; ejecting it');
    }),
  });
  const { demand, elsewhere, suspects, limits, holds, places } = turns;
  const bodies = createBodyRoom(settings.bodyRoomBytes);
  const wakes = createWakeKeeper(ports.waker, settings.wake, clock.elapsed, logger);
  const lengths = createRunLengths();
  const { proxies } = limits;
  const placements = createPlacements({
    ...{ bus: ports.placements, proxyId: settings.proxyId, proxies, everyMs: settings.demandMs },
    heard: (modelId, jobId, keys) => picker.heard(modelId, jobId, keys),
    logger,
  });
  const { random } = Math;
  const picker = createPicker({ demand, elsewhere, placements, proxies, clock, random });
  const habits = new HabitBook();
  const leftAlone: ReadonlySet<string> = new Set(settings.usageLeftAlone);
  const pools = createUpstreamPools(ports.transportOf, settings, clock.elapsed);
  const figures = createProxyMetrics(metrics, {
    held: () => holds.size - demand.allQueued,
    queued: () => demand.allQueued,
    inFlight: () => demand.running,
    connections,
    bodyBytes: () => bodies.taken,
    ejected: () => suspects.ejected,
    serviceRequests: () => services.underWay.requests,
    serviceSessions: () => services.underWay.sessions,
    tableRevision: () => routes.current()?.revision ?? 0,
    tableAge: () => (routes.lastSeenAt === null ? 0 : (clock.elapsed() - routes.lastSeenAt) / 1000),
  });
  routes.onChange((table) => {
    pools.retain(table);
    suspects.prune(table.endpoints);
    picker.prune(table.byModel);
    demand.prune((id) => table.byModel(id) !== null || table.servicesCalled(id).length > 0);
    lengths.prune((modelId) => table.byModel(modelId) !== null);
    limits.prune((modelId) => table.byModel(modelId) !== null);
    habits.prune((jobId) => table.serving.has(jobId));
    wakes.settle((modelId) => table.byModel(modelId)?.idle !== true);
    services.settle(table);
    holds.kickAll();
  });
  const callerOf = createCallerOf(ports);
  const services = createServices({
    ...{ routes: routes.current, catchUp: routes.catchUp, callerOf, demand, bodies, logger },
    hasSignIn: ports.browsers !== null,
    transportOf: ports.transportOf,
    isTrusted: trustedPeers(settings.trustedProxies),
    ...{ rateLimits: limits, usage: ports.usage, metrics: figures, clock },
    visiting: visitingOf(ports, settings, figures),
    mainUrl: ports.browsers === null ? null : settings.publicUrl,
    limits: {
      body: settings.inference.body,
      times: settings.inference.times,
      sessionIdleMs: settings.inference.sessionIdleMs,
      rightsMs: settings.serviceRightsMs,
      most: settings.servicesAtOnce,
      endedMs: settings.endedQuietMs,
    },
  });
  const inference = createInference(
    {
      routes: routes.current,
      catchUp: routes.catchUp,
      pools,
      demand,
      bodies,
      holds,
      places,
      rateLimits: limits,
      wakes,
      suspects,
      picker,
      lengths,
      habits,
      asksUsage: ({ engine, project, hfModelId }) =>
        leftAlone.size === 0 ||
        !(leftAlone.has(engine) || leftAlone.has(`${project}/${hfModelId}`)),
      usage: ports.usage,
      metrics: figures,
      logger,
      clock,
      limits: settings.inference,
    },
    callerOf,
  );
  return { inference, services, turns, placements, pools, figures };
}

function visitingOf(
  { visits }: ProxyPorts,
  { servicesUrl }: ProxySettings,
  metrics: ProxyMetrics,
): Visiting | null {
  if (visits === null || servicesUrl === null) return null;
  return { origins: createServiceOrigins(servicesUrl), visits: countVisits(visits, metrics) };
}
