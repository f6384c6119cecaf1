import { randomUUID } from 'node:crypto';
import pg from 'pg';
import {
  createDriver,
  createEngineProber,
  loadClusters,
} from '../../../packages/cluster/src/index.ts';
import {
  createBoundsLook,
  createLogTurns,
  createStartHistories,
  createSubmissionGate,
  observeCluster,
  readMetrics,
  sweep,
} from '../../../packages/control/src/index.ts';
import { defaultPolicy } from '../../../packages/domain/src/index.ts';
import {
  consume,
  createDemandBoard,
  createLogBoard,
  createMetricsBoard,
  createNudges,
  createRouteBus,
  createTrialBoard,
  openRedis,
  queueFigures,
  startSweepTicker,
} from '../../../packages/queue/src/index.ts';
import { loadRecipes } from '../../../packages/recipes/src/index.ts';
import { createLogger, createMetrics, turnBatch } from '../../../packages/runtime/src/index.ts';
import { openStore } from '../../../packages/store/src/index.ts';
import { handlers, type SchedulerDeps } from '../../../services/scheduler/src/consumers.ts';
import { createTelemetry } from '../../../services/scheduler/src/telemetry.ts';
import { serveQuestions } from '../../child/serve-questions.ts';
import { clusterName, installation } from '../seed.ts';

/**
 * The scheduler's own parts, put together as services/scheduler/src/compose.ts does, with counters around them:
 * `scheduler.ts <database URL> <Redis URL> <clusters.yaml>`.
 */
const [databaseUrl = '', redisUrl = '', clustersFile = ''] = process.argv.slice(2);

let statements = 0;
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
  statements += 1;
  return Reflect.apply(query, this, args);
} as typeof query;

const log = createLogger({ service: 'scheduler', level: 'info', destination: turnBatch() });
const { clusters } = await loadClusters(clustersFile);
const recipes = await loadRecipes([]);
const store = openStore({
  databaseUrl,
  poolSize: 10,
  applicationName: 'wakefield-bench',
  statementTimeoutMs: 10_000,
  onError: () => undefined,
});
const redis = await openRedis({ url: redisUrl, installation, log });
const drivers = new Map(
  clusters.map((cluster) => [cluster.name, createDriver(cluster, { installation })]),
);
const transports = new Map([...drivers].map(([name, { transport }]) => [name, transport]));
const clock = { now: Date.now };
const nudges = createNudges(redis);
const demandBoard = createDemandBoard(redis);
/** Models that a sweep or a run of their own decided on. */
let looks = 0;
/** Those that a sweep put off. */
const putOff = new Set<string>();
let runs = 0;
/** Whether the queues are at work. */
let working = false;
const telemetry = createTelemetry(
  createMetrics({ service: 'scheduler' }),
  store.stores,
  [...drivers.keys()],
  clock.now,
);
const deps: SchedulerDeps = {
  ...store.stores,
  models: {
    ...store.stores.models,
    putOff: async (quiet) => {
      looks += quiet.length;
      for (const { model } of quiet) putOff.add(model.id);
      await store.stores.models.putOff(quiet);
    },
  },
  installation,
  holder: randomUUID(),
  webhook: null,
  drivers,
  histories: createStartHistories({
    jobs: store.stores.jobs,
    trials: createTrialBoard(redis),
    drivers,
    clock,
    log,
  }),
  bounds: createBoundsLook({ clusters: store.stores.clusters, clock, log }),
  submissions: createSubmissionGate(4),
  defaultCluster: clusterName,
  recipes,
  prober: createEngineProber({ transports, probes: recipes.probes }),
  nudges: {
    ...nudges,
    // The first look nudges every model: what is measured is the time in which nothing happens.
    model: async (...args) => (working ? nudges.model(...args) : undefined),
    cluster: async () => undefined,
    metrics: async () => undefined,
  },
  routeBus: createRouteBus(redis),
  demandBoard,
  metricsBoard: createMetricsBoard(redis),
  logBoard: createLogBoard(redis),
  logTurns: createLogTurns(),
  policy: defaultPolicy,
  keepUsage: { recordsMs: 86_400_000, sumsMs: 86_400_000 },
  clusterGoneAfterMs: 900_000,
  telemetry: {
    ...telemetry,
    reconciled: (...args) => {
      looks += 1;
      runs += 1;
      telemetry.reconciled(...args);
    },
  },
  clock,
  ids: { uuid: randomUUID, secret: randomUUID },
  log,
};
const signal = new AbortController().signal;

serveQuestions((question) => {
  if (question.kind === 'cycle') return cycle();
  const { seconds } = question as { readonly kind: string; readonly seconds: number };
  return steady(seconds);
});

export interface Cycle {
  /** From asking the cluster to having written and passed on what changed. */
  readonly ms: number;
  /** Of this process, for the same. */
  readonly cpuMs: number;
  readonly statements: number;
  /** Reading the engines' figures, which goes on beside it. */
  readonly enginesMs: number;
  readonly enginesCpuMs: number;
}

async function cycle(): Promise<Cycle> {
  const look = await measured(() => observeCluster(deps, clusterName, signal));
  const engines = await measured(() => readMetrics(deps, clusterName, signal));
  return { ...look, enginesMs: engines.ms, enginesCpuMs: engines.cpuMs };
}

async function measured(work: () => Promise<void>) {
  const before = { at: performance.now(), cpu: process.cpuUsage(), statements };
  await work();
  const { user, system } = process.cpuUsage(before.cpu);
  return {
    ms: performance.now() - before.at,
    cpuMs: (user + system) / 1000,
    statements: statements - before.statements,
  };
}

export interface Steady {
  /** Models that a sweep put off since sweeps began: it came to nothing new. */
  readonly putOff: number;
  /** Runs of models since then. */
  readonly runs: number;
  readonly looksPerSecond: number;
  /** Those that came to something new. */
  readonly runsPerSecond: number;
  /** Share of one core that this process took. */
  readonly cpu: number;
  readonly statementsPerSecond: number;
  /** Models whose look was due more than ten seconds ago, at the end. */
  readonly late: number;
  readonly waiting: number;
}

/** The queues at work, with nothing to do but to look again and again. */
async function steady(seconds: number): Promise<Steady> {
  working = true;
  const work = handlers(deps);
  const consumers = [
    consume(redis, 'reconcile', work.reconcile, { concurrency: 16 }),
    consume(redis, 'sweep', { sweep: (_id, run) => sweep(deps, run.signal) }),
  ];
  // A proxy that has nothing to do.
  const publish = () => demandBoard.publish('bench', { models: new Map() });
  const proxy = setInterval(() => void publish().catch(() => undefined), 1_000);
  await publish();
  // Until the first one is known for sure to be all there are.
  await pause(6_000);
  const runsBefore = runs;
  const ticker = startSweepTicker(redis, { everyMs: 5_000 });
  await pause(6_000);
  const before = { at: performance.now(), cpu: process.cpuUsage(), statements, looks, runs };
  await pause(seconds * 1_000);
  const elapsed = (performance.now() - before.at) / 1_000;
  const { user, system } = process.cpuUsage(before.cpu);
  const late = await store.stores.models.listDue(Date.now() - 10_000, {
    limit: 100_000,
    after: null,
  });
  const figures = await queueFigures(redis);
  const result = {
    putOff: putOff.size,
    runs: runs - runsBefore,
    looksPerSecond: (looks - before.looks) / elapsed,
    runsPerSecond: (runs - before.runs) / elapsed,
    cpu: (user + system) / 1e6 / elapsed,
    statementsPerSecond: (statements - before.statements) / elapsed,
    late: late.length,
    waiting: figures.find(({ queue }) => queue === 'reconcile')?.jobs.waiting ?? 0,
  };
  clearInterval(proxy);
  await ticker.close();
  await Promise.all(consumers.map((consumer) => consumer.close()));
  return result;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
