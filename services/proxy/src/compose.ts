import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createVisits, loadAuthFile, openAuth, withoutAuthFile } from '@wakefield/auth';
import { createClusterTransports, loadClusters } from '@wakefield/cluster';
import type { Transport } from '@wakefield/control';
import { type ClusterName, defaultLimitRules } from '@wakefield/domain';
import { loadLimits } from '@wakefield/limits';
import {
  createDemandBoard,
  createLimitBoard,
  createNudges,
  createPlacementBus,
  createRouteBus,
  createSessionStore,
  openRedis,
} from '@wakefield/queue';
import {
  authorityOf,
  createHealth,
  createMetrics,
  type Lifecycle,
  type Logger,
  type ReadyMessage,
  startOpsServer,
} from '@wakefield/runtime';
import { openStore } from '@wakefield/store';
import type { Config } from './config.ts';
import { composeSpool } from './metering/compose-spool.ts';
import { createProxy } from './proxy.ts';
import { settingsOf } from './settings.ts';
import { createWaker } from './waker.ts';

const statementTimeoutMs = 5000;
/** What closing takes beside the drain. */
const closeMs = 3000;

/**
 * Makes everything that the proxy consists of, and registers how each part is closed. Resolves when it may be
 * announced: with its first route table.
 */
export async function compose(
  config: Config,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<ReadyMessage> {
  const proxyId = randomUUID();
  const authFile = config.authFile === null ? withoutAuthFile : await loadAuthFile(config.authFile);
  const limits =
    config.limitsFile === null ? defaultLimitRules : await loadLimits(config.limitsFile);
  const store = openStore({
    databaseUrl: config.databaseUrl,
    poolSize: config.databasePool,
    applicationName: `wakefield-${config.installation}-proxy`,
    statementTimeoutMs,
    onError: (err) => logger.warn({ err }, 'database connection lost'),
  });
  lifecycle.onClose('store', () => store.close());
  const redis = await openRedis({
    url: config.redisUrl,
    installation: config.installation,
    log: logger,
  });
  lifecycle.onClose('redis', () => redis.close());

  const transports = await openTransports(config.clustersFile);
  lifecycle.onClose('transports', () =>
    Promise.all([...transports.values()].map((transport) => transport.close())),
  );

  const metrics = createMetrics({ service: 'proxy' });
  const { commands, routes } = store.stores;
  const usage = { config, store: store.stores.usage, metrics, logger, lifecycle };
  const spool = await composeSpool(usage);
  const waker = createWaker({
    commands,
    nudges: createNudges(redis),
    clock: { now: Date.now },
    ids: { uuid: randomUUID },
    log: logger,
  });
  const auth = openAuth({
    file: authFile,
    localKey: config.localKey?.reveal() ?? null,
    sessions: createSessionStore(redis),
    // Sessions begin at the api, which says how long they last.
    sessionSeconds: 0,
    now: Date.now,
    log: logger,
  });
  const visits =
    config.servicesUrl === null
      ? null
      : createVisits({
          store: createSessionStore(redis),
          identifier: auth.identifier,
          browsers: auth.browsers,
          secure: config.servicesUrl.startsWith('https:'),
          most: config.mostVisits,
          now: Date.now,
        });
  const proxy = createProxy(
    {
      routes,
      waker,
      usage: spool.meter,
      bus: createRouteBus(redis),
      board: createDemandBoard(redis),
      limitBoard: createLimitBoard(redis),
      placements: createPlacementBus(redis),
      identifier: auth.identifier,
      browsers: auth.browsers,
      visits,
      transportOf: (cluster) => transports.get(cluster) ?? null,
    },
    settingsOf(config, proxyId, ownVersion(), limits, authFile.publicUrl),
    logger,
    metrics,
  );

  const readiness = createHealth();
  readiness.add('routes', async () => proxy.checkRoutes());
  // Ready models are served without them; only wakes and news have to wait.
  readiness.add('postgres', () => store.ping(), { required: false });
  readiness.add('redis', () => redis.ping(), { required: false });
  const ops = await startOpsServer({ ...config.ops, metrics, readiness, lifecycle, logger });
  lifecycle.onClose('ops server', () => ops.close());
  const stopMs = config.drainDelayMs + config.drainMs + closeMs;
  lifecycle.onClose('proxy', () => proxy.stop(lifecycle.hurry), stopMs);

  const { host } = config.listen;
  const port = await proxy.listen(config.listen);
  logger.info({ host, port }, 'listening');
  await proxy.start();
  return { url: `http://${authorityOf({ host, port })}`, opsUrl: ops.url };
}

/** Without a file every engine is reached over straight TCP. */
async function openTransports(
  clustersFile: string | null,
): Promise<ReadonlyMap<ClusterName, Transport>> {
  if (clustersFile === null) return new Map();
  const { clusters } = await loadClusters(clustersFile);
  return createClusterTransports(clusters);
}

/** The manifest lies one folder above both `src` and `dist`. */
function ownVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
