import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createDriver, createEngineProber, loadClusters } from '@wakefield/cluster';
import {
  type ClusterDriver,
  createBoundsLook,
  createLogTurns,
  createStartHistories,
  createSubmissionGate,
  SWEEP_EVERY_MS,
} from '@wakefield/control';
import { defaultPolicy } from '@wakefield/domain';
import {
  consume,
  createDemandBoard,
  createLogBoard,
  createMetricsBoard,
  createNudges,
  createRouteBus,
  createTrialBoard,
  openRedis,
  type RedisAccess,
  startSweepTicker,
} from '@wakefield/queue';
import { loadRecipes } from '@wakefield/recipes';
import {
  createHealth,
  createMetrics,
  type Lifecycle,
  type Logger,
  startOpsServer,
} from '@wakefield/runtime';
import { openStore } from '@wakefield/store';
import type { Config } from './config.ts';
import { handlers, type SchedulerDeps } from './consumers.ts';
import { registerServiceGauges } from './service-gauges.ts';
import { createTelemetry } from './telemetry.ts';
import { createWebhook } from './webhook/webhook.ts';

const STATEMENT_TIMEOUT_MS = 10_000;

export interface RunningScheduler {
  readonly opsUrl: string;
}

/** Makes everything that the scheduler consists of, and registers how each part is closed. */
export async function compose(
  config: Config,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<RunningScheduler> {
  const { installation } = config;
  const { clusters, defaultCluster } = await loadClusters(config.clustersFile);
  const recipes = await loadRecipes(config.recipeFolders);
  const clock = { now: Date.now };

  const store = openStore({
    databaseUrl: config.databaseUrl,
    poolSize: config.databasePool,
    applicationName: `wakefield-${installation}-scheduler`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onError: (err) => logger.warn({ err }, 'database connection lost'),
  });
  lifecycle.onClose('store', () => store.close());
  const redis = await openRedis({ url: config.redisUrl, installation, log: logger });
  lifecycle.onClose('redis', () => redis.close());

  const drivers = new Map<string, ClusterDriver>();
  for (const cluster of clusters) {
    const driver = createDriver(cluster, {
      installation,
      onSurplus: (jobs) =>
        logger.warn({ cluster: cluster.name, jobs }, 'several jobs of one name, all but one ended'),
    });
    lifecycle.onClose(`cluster ${cluster.name}`, () => driver.close());
    drivers.set(cluster.name, driver);
  }
  const transports = new Map([...drivers].map(([name, { transport }]) => [name, transport]));
  const prober = createEngineProber({ transports, probes: recipes.probes });

  const metrics = createMetrics({ service: 'scheduler' });
  const readiness = createHealth();
  readiness.add('postgres', () => store.ping());
  readiness.add('redis', () => redis.ping());
  const ops = await startOpsServer({ ...config.ops, metrics, readiness, lifecycle, logger });
  lifecycle.onClose('ops server', () => ops.close());

  const { stores } = store;
  registerServiceGauges(metrics, stores, clock.now);
  const deps: SchedulerDeps = {
    ...stores,
    installation,
    holder: `${hostname()}:${process.pid}:${randomUUID()}`,
    drivers,
    defaultCluster,
    recipes,
    prober,
    histories: createStartHistories({
      jobs: stores.jobs,
      trials: createTrialBoard(redis),
      drivers,
      clock,
      log: logger,
    }),
    bounds: createBoundsLook({ clusters: stores.clusters, clock, log: logger }),
    // A quarter, so that some are left for others even while three clusters hang.
    submissions: createSubmissionGate(Math.ceil(config.reconcileConcurrency / 4)),
    nudges: createNudges(redis),
    routeBus: createRouteBus(redis),
    demandBoard: createDemandBoard(redis),
    metricsBoard: createMetricsBoard(redis),
    logBoard: createLogBoard(redis),
    logTurns: createLogTurns(),
    policy: {
      ...defaultPolicy,
      drainTimeoutMs: config.drainTimeoutMs,
      scaleUpCooldownMs: config.scaleUpCooldownMs,
      scaleDownCooldownMs: config.scaleDownCooldownMs,
      endingNoticeMs: config.endingNoticeMs,
    },
    webhook: config.webhook === null ? null : createWebhook(config.webhook, clock.now),
    clusterGoneAfterMs: config.clusterGoneAfterMs,
    keepUsage: config.keepUsage,
    telemetry: createTelemetry(metrics, stores, [...drivers.keys()], clock.now),
    clock,
    ids: { uuid: randomUUID, secret: () => randomBytes(32).toString('base64url') },
    log: logger,
  };
  work(redis, deps, config, lifecycle);
  return { opsUrl: ops.url };
}

/** Takes work from the queues, until the process ends. */
function work(redis: RedisAccess, deps: SchedulerDeps, config: Config, lifecycle: Lifecycle): void {
  const { commands, activations, reconcile, services, notices, observe, probe, logs, sweep } =
    handlers(deps);
  const consumers = [
    consume(redis, 'commands', commands),
    consume(redis, 'activations', activations),
    consume(redis, 'reconcile', reconcile, { concurrency: config.reconcileConcurrency }),
    consume(redis, 'services', services),
    consume(redis, 'notices', notices),
    consume(redis, 'observe', observe),
    consume(redis, 'probe', probe),
    consume(redis, 'logs', logs),
    consume(redis, 'sweep', sweep),
  ];
  lifecycle.onClose('consumers', () => Promise.all(consumers.map((consumer) => consumer.close())));
  const ticker = startSweepTicker(redis, { everyMs: SWEEP_EVERY_MS });
  lifecycle.onClose('sweep', () => ticker.close());
}
