import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keyLoginOf, loadAuthFile, openAuth, withoutAuthFile } from '@wakefield/auth';
import {
  createDemandBoard,
  createLogBoard,
  createMetricsBoard,
  createNudges,
  createSessionStore,
  openRedis,
  queueFigures,
  registerQueueMetrics,
} from '@wakefield/queue';
import { createBoard } from '@wakefield/queue/board';
import { loadRecipes } from '@wakefield/recipes';
import {
  createHealth,
  createMetrics,
  type Lifecycle,
  type Logger,
  startOpsServer,
} from '@wakefield/runtime';
import { openStore } from '@wakefield/store';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { createLoginAttempts } from './features/operations/login-attempts.ts';
import { presentQueues } from './features/operations/presenter.ts';
import { listen } from './server.ts';

const STATEMENT_TIMEOUT_MS = 5_000;
/** As the seed document has it: a client that starts a service expects the id of its job. */
const SERVICE_WAIT_MS = 30_000;
/** Of a log. */
const FOLLOW_MS = 3_600_000;
/** At the login form of the queue dashboard. */
const LOGIN_ATTEMPTS = { perAddress: 5, inAll: 100, windowSeconds: 60 };

export interface RunningApi {
  readonly url: string;
  readonly opsUrl: string;
}

/** Makes everything that the api consists of, and registers how each part is closed. */
export async function compose(
  config: Config,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<RunningApi> {
  const recipes = await loadRecipes(config.recipeFolders);
  const authFile = config.authFile === null ? withoutAuthFile : await loadAuthFile(config.authFile);
  const store = openStore({
    databaseUrl: config.databaseUrl,
    poolSize: config.databasePool,
    applicationName: `wakefield-${config.installation}-api`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onError: (err) => logger.warn({ err }, 'database connection lost'),
  });
  lifecycle.onClose('store', () => store.close());
  const redis = await openRedis({
    url: config.redisUrl,
    installation: config.installation,
    log: logger,
  });
  lifecycle.onClose('redis', () => redis.close());

  const metrics = createMetrics({ service: 'api' });
  registerQueueMetrics(metrics, redis);
  const readiness = createHealth();
  readiness.add('postgres', () => store.ping());
  // Without Redis changes are still accepted: the sweep finds their rows.
  readiness.add('redis', () => redis.ping(), { required: false });
  const ops = await startOpsServer({ ...config.ops, metrics, readiness, lifecycle, logger });
  lifecycle.onClose('ops server', () => ops.close());

  const auth = openAuth({
    file: authFile,
    localKey: config.localKey?.reveal() ?? null,
    sessions: createSessionStore(redis),
    sessionSeconds: config.login.lifetimeSeconds,
    now: Date.now,
    log: logger,
  });
  const { projects, models, jobs, services, clusters, commands, usage } = store.stores;
  const app = createApp({
    projects,
    models,
    jobs,
    services,
    clusters,
    commands,
    usage,
    version: ownVersion(),
    identifier: auth.identifier,
    browsers: auth.browsers,
    signIn: auth.signIn,
    nudges: createNudges(redis),
    metricsBoard: createMetricsBoard(redis),
    logBoard: createLogBoard(redis),
    demandBoard: createDemandBoard(redis),
    recipes,
    serviceRecipes: recipes.services,
    clock: { now: Date.now },
    ids: { uuid: randomUUID },
    logger,
    metrics,
    commandWaitMs: config.commandWaitMs,
    serviceWaitMs: SERVICE_WAIT_MS,
    followMs: FOLLOW_MS,
    publicUrl: authFile.publicUrl,
    ending: lifecycle.signal,
    usageSumsMs: config.usageSumsMs,
    operations: {
      board: createBoard(redis, { basePath: '/ops/queues' }),
      figures: async () => presentQueues(await queueFigures(redis)),
      ...keyLoginOf(auth, { ...config.login, publicUrl: authFile.publicUrl }),
      attempts: createLoginAttempts(LOGIN_ATTEMPTS),
    },
  });
  const server = await listen(app, config.listen);
  lifecycle.onClose('http server', () => server.close());
  return { url: server.url, opsUrl: ops.url };
}

/** The manifest lies one folder above both `src` and `dist`. */
function ownVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
