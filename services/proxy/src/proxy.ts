import type { BrowserIdentifier, Identifier, Visits } from '@wakefield/auth';
import type {
  DemandBoard,
  LimitBoard,
  PlacementBus,
  RouteBus,
  RouteStore,
  Transport,
} from '@wakefield/control';
import type { ClusterName, LimitRules } from '@wakefield/domain';
import { type ListenPlace, type Logger, type Metrics, within } from '@wakefield/runtime';
import { processClock } from './clock.ts';
import type { InferenceLimits } from './inference/parts.ts';
import type { WakePatience, Waker } from './inference/wake-keeper.ts';
import { createMemory } from './memory.ts';
import type { UsageMeter } from './metering/meter.ts';
import { createPassThrough } from './pass-through.ts';
import { createLiveRoutes } from './routes/live-routes.ts';
import { createDoor, type DoorLimits } from './server/door.ts';
import { trustedPeers } from './server/peers.ts';
import type { MostRunning } from './services/running.ts';
import type { EndedPatience } from './upstream/pools.ts';

/** For the last error events to reach their clients. */
const farewellMs = 500;

/** What the proxy needs of the world. */
export interface ProxyPorts {
  readonly routes: RouteStore;
  readonly bus: Pick<RouteBus, 'subscribe'>;
  readonly board: DemandBoard;
  readonly limitBoard: LimitBoard;
  readonly placements: PlacementBus;
  readonly waker: Waker;
  readonly usage: UsageMeter;
  readonly identifier: Identifier;
  /** Sessions of browsers; null where nobody can sign in with one. */
  readonly browsers: BrowserIdentifier | null;
  /** Browsers on the origins of services; null: there are none. */
  readonly visits: Visits | null;
  /** null: straight TCP. */
  readonly transportOf: (cluster: ClusterName) => Transport | null;
}

export interface ProxySettings extends EndedPatience {
  /** Origins of services, as a URL with `*`; null: their pages are on ours, and may do nothing there. */
  readonly servicesUrl: string | null;
  /** Our own origin as browsers know it, without a slash at its end; null: nobody has said. */
  readonly publicUrl: string | null;
  /** Unique among running proxies: its entry on the demand board. */
  readonly proxyId: string;
  readonly apiUrl: string;
  /** How long an idle connection to the api is kept: less than the api or a balancer in front of it does. */
  readonly apiIdleMs: number;
  /** Addresses and networks of the balancers in front, whose word on where a request comes from is taken. */
  readonly trustedProxies: readonly string[];
  readonly version: string;
  readonly apiVersion: string;
  readonly inference: InferenceLimits;
  /** How often it is looked whether who has a session with a service may still have it. */
  readonly serviceRightsMs: number;
  /** Requests to services and sessions with them at once. */
  readonly servicesAtOnce: MostRunning;
  readonly held: { readonly perModel: number; readonly perProcess: number };
  /** Who may ask for how much, and how those share who have to wait. */
  readonly limits: LimitRules;
  /** How often what is used is told to other proxies. */
  readonly limitsMs: number;
  /** Engines, and models as `<project>/<hf_model_id>`, whose streams are not asked for their usage by us. */
  readonly usageLeftAlone: readonly string[];
  /** Most memory for bodies of requests, all together. */
  readonly bodyRoomBytes: number;
  readonly door: DoorLimits;
  /** Whether plain requests are read from bare sockets, ahead of node:http. */
  readonly fastPath: boolean;
  readonly wake: WakePatience;
  readonly sweepMs: number;
  readonly demandMs: number;
  /** How often the clock is looked at: for held requests, connections to engines and limits of time. */
  readonly tickMs: number;
  /** How long connections are still accepted after the end was announced: balancers need time to hear of it. */
  readonly drainDelayMs: number;
  readonly drainMs: number;
}

export interface Proxy {
  /** Opens the door: health answers, inference is refused until there are routes. @returns the port */
  listen(place: ListenPlace): Promise<number>;
  /** Resolves when the first route table is there; tries until then. */
  start(): Promise<void>;
  /** @throws Error while there is no route table yet */
  checkRoutes(): void;
  /**
   * Lets running and held requests end, for the drain time at most, then closes everything.
   * @param hurry aborted when they are not to be waited for any longer
   */
  stop(hurry?: AbortSignal): Promise<void>;
}

/** The proxy without its adapters. Owns no connection to a store: whoever gave the ports closes them. */
export function createProxy(
  ports: ProxyPorts,
  settings: ProxySettings,
  logger: Logger,
  metrics: Metrics,
): Proxy {
  const routes = createLiveRoutes({
    store: ports.routes,
    bus: ports.bus,
    logger,
    sweepMs: settings.sweepMs,
  });
  const memory = createMemory(ports, settings, logger, routes, metrics, () => door.open);
  const { inference, services, turns } = memory;
  const { holds } = turns;
  const { apiUrl, apiIdleMs: idleMs } = settings;
  const isTrusted = trustedPeers(settings.trustedProxies);
  const { sessionIdleMs } = settings.inference;
  const passThrough = createPassThrough({
    apiUrl,
    idleMs,
    sessionIdleMs,
    isTrusted,
    metrics: memory.figures,
    logger,
  });
  const door = createDoor({
    inference,
    passThrough,
    services,
    metrics: memory.figures,
    logger,
    version: settings.version,
    apiVersion: settings.apiVersion,
    limits: settings.door,
    hasFront: settings.fastPath,
    mostBodyBytes: settings.inference.body.maxBytes,
  });
  let ticker: NodeJS.Timeout | undefined;
  let stallTicker: NodeJS.Timeout | undefined;

  return {
    listen: (place) => door.listen(place),
    start: async () => {
      turns.start();
      memory.placements.start();
      ticker = setInterval(() => {
        holds.tick(processClock.elapsed());
        // Whoever waits looks again: a suspicion may be over, a wake may have to be sent again.
        holds.kickAll();
        memory.pools.sweep();
        inference.checkTimes(processClock.elapsed());
      }, settings.tickMs);
      stallTicker = setInterval(inference.checkStalls, settings.inference.stallMs);
      await routes.start();
    },
    checkRoutes: () => {
      if (routes.current() === null) throw new Error('no route table yet');
    },
    stop: async (hurry = new AbortController().signal) => {
      await door.retire(settings.drainDelayMs, hurry);
      door.drain();
      services.shutDown();
      await settled(Promise.race([door.closed(), aborted(hurry)]), settings.drainMs);
      if (inference.active > 0) logger.warn({ requests: inference.active }, 'ending requests');
      inference.shutDown();
      await settled(door.closed(), farewellMs);
      door.destroy();
      clearInterval(ticker);
      clearInterval(stallTicker);
      memory.pools.close();
      await Promise.all([turns.close(), memory.placements.close(), routes.close()]);
      passThrough.close();
    },
  };
}

/** Never resolves when nobody aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Waits for it, but no longer than this. */
async function settled(work: Promise<void>, limitMs: number): Promise<void> {
  await within(limitMs, 'drain', () => work).catch(() => undefined);
}
