import { type ClusterDriver, submitCommand, sweep } from '@wakefield/control';
import type { ClusterName, CommandBody, ModelDemand, ModelSpec } from '@wakefield/domain';
import {
  createDemandBoard,
  createLogBoard,
  createMetricsBoard,
  createNudges,
  createRouteBus,
  createTrialBoard,
} from '@wakefield/queue';
import {
  type CapturedLog,
  captureLog,
  SAMPLE_NOW,
  type StoreFixture,
  sampleSpec,
} from '@wakefield/testkit';
import { handlers } from '../src/consumers.ts';
import type { Ground } from './ground.ts';
import { Death, Life, mortalDriver } from './mortal.ts';
import { type ProcessDeps, processOf } from './mortal-process.ts';
import { createPaperCluster, type PaperCluster } from './paper-cluster.ts';
import type { Receiver } from './receiver.ts';
import { look, type Sight } from './sight.ts';

const PROJECT = 'eu-00-00';
export const MODEL = 'acme/small';

/** Schedulers at work on one model of one project, as a rule on one cluster; time passes in rounds. */
export interface World {
  /** The first of them. */
  readonly cluster: PaperCluster;
  readonly clusters: ReadonlyMap<ClusterName, PaperCluster>;
  /** Clusters whose engines answer nobody. */
  readonly dark: Set<ClusterName>;
  /** Takes a cluster out of the configuration of all processes, of those to come, too. */
  remove(cluster: ClusterName): void;
  readonly log: CapturedLog;
  /** Lives of all processes so far; the last ones are those that run. */
  readonly lives: Life[];
  /** Requests that clients keep open, on the ready jobs. */
  requests: number;
  now(): number;
  /** Ends every process and starts `count` new ones, the first of which has this life. */
  start(life?: Life, count?: number): void;
  deps(): ProcessDeps;
  /** Accepts a wish as the api does; a client that hears nothing asks again with the same key. */
  wish(body: CommandBody): Promise<void>;
  /** Of the one service that there is. */
  serviceId(): Promise<string>;
  /** Every delivery there could be, twice, to every process, all at once and in an order of its own. */
  storm(random: () => number): Promise<void>;
  /** Lets somebody tidy up in the next round, as if the last time were a minute ago. */
  tidyAgain(): Promise<void>;
  /** Whoever holds a lease loses it, as if its process had stood still for too long. */
  expireLeases(): Promise<void>;
  /** Lets time pass, sweeps, and waits until nothing is left to do. */
  round(ms?: number): Promise<void>;
  /** Rounds until it holds. @throws {Error} after `most` rounds */
  until(holds: (sight: Sight) => boolean, most?: number, ms?: number): Promise<void>;
  look(): Promise<Sight>;
  close(): Promise<void>;
}

/** @param receiver who is told of services; null: nobody */
export function openWorld(
  ground: Ground,
  others: readonly ClusterName[] = [],
  receiver: Receiver | null = null,
): World {
  let now = SAMPLE_NOW;
  let keys = 0;
  const clock = { now: () => now };
  const cluster = createPaperCluster('here', clock.now);
  const clusters = new Map([['here', cluster]]);
  for (const name of others) clusters.set(name, createPaperCluster(name, clock.now));
  const dark = new Set<ClusterName>();
  const configured = new Map(clusters);
  const configurations: Map<ClusterName, ClusterDriver>[] = [];
  const engines = (name: ClusterName) => (dark.has(name) ? undefined : clusters.get(name));
  const log = captureLog();
  const lives: Life[] = [];
  const { redis, store } = ground;
  const demandBoard = createDemandBoard(redis, { settleMs: 0 });
  const ports = {
    nudges: createNudges(redis),
    routeBus: createRouteBus(redis),
    demandBoard,
    metricsBoard: createMetricsBoard(redis),
    trials: createTrialBoard(redis),
    logBoard: createLogBoard(redis),
  };
  let processes: ProcessDeps[] = [];
  let turn = 0;

  const born = (life: Life): ProcessDeps => {
    const drivers = new Map(
      [...configured].map(([name, { driver }]) => [name, mortalDriver(life, driver)]),
    );
    configurations.push(drivers);
    return processOf(life, {
      ...{ store, ports, drivers, engines, clock, log },
      webhook: receiver,
    });
  };
  /** Deliveries go to the processes in turn. */
  const current = () => {
    turn += 1;
    const process = processes[turn % processes.length];
    if (process === undefined) throw new Error('no process was started');
    return process;
  };
  ground.deliverTo(current);

  const start: World['start'] = (life = new Life(), count = 1) => {
    for (const old of lives) old.kill();
    const young = Array.from({ length: count }, (_, index) => (index === 0 ? life : new Life()));
    lives.push(...young);
    processes = young.map(born);
  };
  const survive = async () => {
    if (lives.at(-processes.length)?.dead) start();
    // The dead keep their leases for a while; here the while is over at once.
    await expireLeases();
  };
  const expireLeases = async () => {
    await store.sql(
      "update leases set expires_at = clock_timestamp() - interval '1 second' where key <> 'tidy'",
    );
  };

  /** Redis counts by the clock on the wall. */
  const forgetTrials = async (pattern: string) => {
    const keys = await redis.produce.keys(`${redis.prefix}:${pattern}`);
    if (keys.length > 0) await redis.produce.del(keys);
  };

  const world: World = {
    cluster,
    clusters,
    dark,
    log,
    lives,
    requests: 0,
    now: clock.now,
    remove: (name) => {
      for (const configuration of [configured, ...configurations]) configuration.delete(name);
    },
    start,
    deps: current,
    wish: async (body) => {
      keys += 1;
      now += 1;
      const input = {
        project: PROJECT,
        body,
        by: 'tester',
        traceId: 'a'.repeat(32),
        idempotencyKey: `k${keys}`,
      };
      for (let tries = 0; ; tries += 1) {
        try {
          await submitCommand(current(), input);
          return;
        } catch (error) {
          if (tries === 2) throw error;
          await survive();
        }
      }
    },
    serviceId: async () => String((await store.sql('select id from services'))[0]?.id),
    storm: async (random) => {
      const ids = await allIds(store);
      const { signal } = new AbortController();
      const deliveries = processes.flatMap((process) => {
        const { commands, activations, reconcile, services, observe, probe } = handlers(process);
        return [
          ...ids.commands.map((id) => () => commands.command(id, { signal })),
          ...ids.commands.map((id) => () => activations.activation(id, { signal })),
          ...ids.models.map((id) => () => reconcile.model(id, { signal })),
          ...ids.services.map((id) => () => services.service(id, { signal })),
          ...ids.jobs.map((id) => () => probe.probe(id, { signal })),
          () => observe.cluster('here', { signal }),
          () => observe.metrics('here', { signal }),
        ];
      });
      const twice = [...deliveries, ...deliveries]
        .map((deliver) => ({ deliver, place: random() }))
        .sort((a, b) => a.place - b.place);
      await Promise.all(twice.map(({ deliver }) => deliver()));
      await ground.quiet();
    },
    expireLeases,
    tidyAgain: async () => {
      await store.sql("delete from leases where key = 'tidy'");
    },
    round: async (ms = 1_000) => {
      now += ms;
      // In long rounds as much time passes as clusters are not asked again in.
      if (ms >= 10_000) await forgetTrials('trial-*');
      await publishDemand(world, store, demandBoard);
      await sweep(current(), AbortSignal.timeout(10_000)).catch(ofDeath);
      await ground.quiet();
      await survive();
    },
    until: async (holds, most = 40, ms = 1_000) => {
      for (let rounds = 0; rounds < most; rounds += 1) {
        if (holds(await world.look())) return;
        await world.round(ms);
      }
      throw new Error(
        `did not come true in ${most} rounds: ${holds}\n${JSON.stringify(await world.look())}`,
      );
    },
    look: async () => ({
      ...(await look(store, clusters)),
      ...(receiver === null ? {} : { told: receiver.told() }),
    }),
    close: async () => {
      for (const life of lives) life.kill();
      await ground.quiet();
      await demandBoard.withdraw('proxy');
      await forgetTrials('trial*');
      const tables = [
        'jobs',
        'services',
        'service_notices',
        'models',
        'project_activations',
        'project_clusters',
        'projects',
        'commands',
        'leases',
        'clusters',
      ];
      await store.sql(tables.map((table) => `delete from ${table}`).join(';'));
    },
  };
  return world;
}

/** Death and lost answers are what the tests are about; anything else is a fault. */
function ofDeath(error: unknown): void {
  const known =
    error instanceof Death || (error instanceof Error && /\(test\)/.test(error.message));
  if (!known) throw error;
}

async function publishDemand(
  world: World,
  store: StoreFixture,
  board: ReturnType<typeof createDemandBoard>,
): Promise<void> {
  const rows = await store.sql(
    "select model_id, id from jobs where phase in ('ready', 'draining') order by seq",
  );
  const [first] = rows;
  const models = new Map<string, ModelDemand>();
  if (first !== undefined && world.requests > 0) {
    models.set(String(first.model_id), {
      running: world.requests,
      held: 0,
      average: world.requests,
      peak: world.requests,
      lastRequestAt: world.now(),
      runningByJob: { [String(first.id)]: world.requests },
    });
  }
  await board.publish('proxy', { models });
}

async function allIds(store: StoreFixture) {
  const read = async (table: string) =>
    (await store.sql(`select id from ${table}`)).map(({ id }) => String(id));
  return {
    commands: await read('commands'),
    models: await read('models'),
    services: await read('services'),
    // A probe of a job whose engine is not up stays at its door for a while.
    jobs: (await store.sql('select id from jobs where address_host is not null')).map(({ id }) =>
      String(id),
    ),
  };
}

/** What is registered in these tests. */
export function spec(over: Partial<ModelSpec> = {}): ModelSpec {
  return sampleSpec({
    hfModelId: MODEL,
    walltimeSeconds: 600,
    walltimeRatio: 0.5,
    engineArgs: {},
    ...over,
  });
}
