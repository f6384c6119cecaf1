import { randomUUID } from 'node:crypto';
import {
  type AuthFile,
  type Identifier,
  keyLoginOf,
  openAuth,
  withoutAuthFile,
} from '@wakefield/auth';
import {
  applyActivation,
  applyCommand,
  type ClusterDriver,
  ClusterError,
  type MetricsBoard,
  type Stores,
} from '@wakefield/control';
import type { ActivationStep, EngineMetrics } from '@wakefield/domain';
import {
  consume,
  createDemandBoard,
  createLogBoard,
  createMetricsBoard,
  createNudges,
  createRouteBus,
  createSessionStore,
  openRedis,
  queueFigures,
} from '@wakefield/queue';
import { createBoard } from '@wakefield/queue/board';
import { loadRecipes } from '@wakefield/recipes';
import { createLogger, createMetrics, type Metrics } from '@wakefield/runtime';
import { createApp } from '../src/app.ts';
import type { ApiDeps } from '../src/deps.ts';
import { createLoginAttempts } from '../src/features/operations/login-attempts.ts';
import { presentQueues } from '../src/features/operations/presenter.ts';
import { listen } from '../src/server.ts';
import { apiClient, type Call } from './api-client.ts';

export const KEY = 'the-static-key-of-the-tests';

export interface ApiFixtureOptions {
  readonly stores: Stores;
  readonly redis: { readonly url: string; readonly installation: string };
  /** Whether someone applies commands. Default true. */
  readonly scheduler?: boolean;
  readonly identifier?: Identifier;
  readonly authFile?: AuthFile;
  /** Where it listens; any free one when absent. */
  readonly port?: number;
  readonly commandWaitMs?: number;
  readonly serviceWaitMs?: number;
  /** Besides the recipes that come along. */
  readonly recipeFolders?: readonly string[];
  readonly over?: Partial<ApiDeps>;
}

export interface ApiFixture {
  readonly url: string;
  readonly call: Call;
  readonly metrics: Metrics;
  /** Everything that was logged, as text. */
  log(): string;
  startScheduler(): void;
  publishMetrics(jobId: string, metrics: EngineMetrics): Promise<void>;
  close(): Promise<void>;
}

/**
 * The api on real stores, with the real use case behind the commands queue. Clusters are called `here`,
 * `there` (both accept), `picky` (refuses) and `away` (does not answer).
 */
export async function apiFixture(options: ApiFixtureOptions): Promise<ApiFixture> {
  const { stores } = options;
  const lines: string[] = [];
  const logger = createLogger({
    service: 'api',
    level: 'debug',
    destination: { write: (line) => void lines.push(line) },
  });
  const redis = await openRedis({ ...options.redis, log: logger });
  const closers: (() => Promise<void>)[] = [() => redis.close()];
  const metrics = createMetrics({ service: 'api' });
  const board: MetricsBoard = createMetricsBoard(redis);
  const { authFile = withoutAuthFile } = options;
  const auth = openAuth({
    file: authFile,
    localKey: KEY,
    sessions: createSessionStore(redis),
    sessionSeconds: 3600,
    now: Date.now,
    log: logger,
  });
  const identifier = options.identifier ?? auth.identifier;
  const recipes = await loadRecipes(options.recipeFolders);
  const ending = new AbortController();
  closers.push(async () => ending.abort());
  const app = createApp({
    ...stores,
    version: '9.9.9',
    identifier,
    browsers: auth.browsers,
    signIn: auth.signIn,
    nudges: createNudges(redis),
    metricsBoard: board,
    logBoard: createLogBoard(redis),
    demandBoard: createDemandBoard(redis),
    recipes,
    serviceRecipes: recipes.services,
    clock: { now: Date.now },
    ids: { uuid: randomUUID },
    logger,
    metrics,
    // Longer than in production: what is tried here is the answer, not the speed of a loaded machine.
    commandWaitMs: options.commandWaitMs ?? 20_000,
    serviceWaitMs: options.serviceWaitMs ?? 20_000,
    followMs: 3_600_000,
    publicUrl: authFile.publicUrl,
    ending: ending.signal,
    usageSumsMs: 30 * 86_400_000,
    operations: {
      board: createBoard(redis, { basePath: '/ops/queues' }),
      figures: async () => presentQueues(await queueFigures(redis)),
      ...keyLoginOf(auth, { lifetimeSeconds: 60, secure: false, publicUrl: authFile.publicUrl }),
      attempts: createLoginAttempts({ perAddress: 5, inAll: 100, windowSeconds: 60 }),
    },
    ...options.over,
  });
  const server = await listen(app, { host: '127.0.0.1', port: options.port ?? 0 });
  closers.push(() => server.close());

  const startScheduler = () => {
    const deps = {
      ...stores,
      routeBus: createRouteBus(redis),
      drivers: new Map(
        ['here', 'there', 'picky', 'away', 'untemplated'].map((name) => [name, driver(name)]),
      ),
      defaultCluster: 'here',
      nudges: createNudges(redis),
      clock: { now: Date.now },
      ids: { uuid: randomUUID },
      holder: randomUUID(),
      log: logger,
    };
    const consumer = consume(redis, 'commands', {
      command: (id, { signal }) => applyCommand(deps, id, signal),
    });
    const activations = consume(redis, 'activations', {
      activation: (id, { signal }) => applyActivation(deps, id, signal),
    });
    closers.push(
      () => consumer.close(),
      () => activations.close(),
    );
  };
  if (options.scheduler !== false) startScheduler();

  return {
    url: server.url,
    call: apiClient(server.url, KEY),
    metrics,
    log: () => lines.join(''),
    startScheduler,
    publishMetrics: (jobId, figures) => board.publish(new Map([[jobId, figures]]), 0),
    close: async () => {
      for (const close of closers.reverse()) await close();
    },
  };
}

/** Only what an activation asks of a cluster. */
function driver(name: string): ClusterDriver {
  const accepts = async () => {
    if (name === 'picky') throw new ClusterError('refused', 'Invalid account');
    if (name === 'away') throw new ClusterError('unreachable', 'connect ETIMEDOUT');
  };
  const activate = async (): Promise<readonly ActivationStep[]> => [
    { step: 'project', status: 'done', detail: 'it is there', remedy: null },
    ...(name === 'untemplated' ? [untemplated] : []),
  ];
  return { name, activate, accepts } as unknown as ClusterDriver;
}

const untemplated: ActivationStep = {
  step: 'template wakefield',
  status: 'failed',
  detail: 'it is not there, and our user may not make it',
  remedy: 'a person with the role Manager has to activate it',
};
