import {
  advanceJob,
  type ClusterName,
  type CommandBody,
  type Demand,
  decideCommand,
  defaultPolicy,
  endedToJudge,
  type FullSpell,
  isLive,
  type Job,
  type JobId,
  type Model,
  type Plan,
  reconcile,
  type StartHistory,
} from '../src/index.ts';
import {
  model as buildModel,
  project as buildProject,
  commandContext,
  second,
  t0,
} from './builders.ts';
import { createSimCluster, type Fate, type SimCluster } from './sim-cluster.ts';
import { Crash, effect, perform, simOf, write } from './world-acts.ts';
import { checkAlways, checkCrowd, rowOf } from './world-checks.ts';
import { learnFromEngines, type WorldEngine } from './world-engines.ts';

/**
 * One model, its rows, its clusters and requests, driven as the scheduler drives them: observe, probe, and
 * reconcile when something changed or the last plan said so. Checks what must hold in every moment.
 */
export interface World {
  now: number;
  model: Model;
  readonly rows: Map<JobId, Job>;
  /** The first of them. */
  readonly cluster: SimCluster;
  readonly clusters: ReadonlyMap<ClusterName, SimCluster>;
  /** Clusters that do not answer. */
  readonly away: Set<ClusterName>;
  /** Clusters whose engines do not answer either. */
  readonly dark: Set<ClusterName>;
  /** When each cluster answered last. */
  readonly observedAt: Map<ClusterName, number>;
  plan: Plan | null;
  /** Whether the first cluster answers. */
  reachable: boolean;
  /** False: no proxy reports. */
  reporting: boolean;
  /** Share of the requests that is known; below 1 a proxy is missing. */
  heard: number;
  /** Requests that clients keep open. */
  requests: number;
  /** Of these over the last ten seconds or so, as proxies tell it. */
  average: number;
  /** The highest of these averages in the last half minute. */
  peak: number;
  /** null: they tell nothing. */
  engine: WorldEngine | null;
  /** Effects until the scheduler dies; null: it lives. */
  crashAfter: number | null;
  command(body: CommandBody): void;
  /** Lets time pass, and everything in it happen once. */
  tick(seconds: number): void;
  live(): readonly Job[];
}

export function createWorld(
  fate: Fate,
  model: Model = buildModel(),
  names: readonly ClusterName[] = ['c1'],
): World {
  const clusters = new Map(names.map((name) => [name, createSimCluster(fate)]));
  const [first = 'c1'] = names;
  const away = new Set<ClusterName>();
  const running = new Map<JobId, number>();
  const averages = new Map<number, number>();
  const spells = new Map<JobId, FullSpell | null>();
  const world: World = {
    now: t0,
    model,
    rows: new Map(),
    cluster: simOf(clusters, first),
    clusters,
    away,
    dark: new Set(),
    observedAt: new Map(),
    plan: null,
    get reachable() {
      return !away.has(first);
    },
    set reachable(answers: boolean) {
      if (answers) away.delete(first);
      else away.add(first);
    },
    reporting: true,
    heard: 1,
    requests: 0,
    average: 0,
    peak: 0,
    engine: null,
    crashAfter: null,
    command: (body) => {
      const project = buildProject({ clusters: names });
      const context = commandContext(body, { model: world.model, liveJobs: world.live(), project });
      const input = { now: world.now, newModelId: 'm2', defaultCluster: 'c1' };
      world.model = decideCommand(context, input).model ?? world.model;
      world.plan = null;
    },
    tick: (seconds) => {
      world.now += seconds * second;
      average(world, averages, seconds);
      for (const cluster of clusters.values())
        cluster.step(world.now, (name) => running.get(rowOf(world, name)?.id ?? '') ?? 0);
      try {
        const changed = observe(world);
        serve(world, running);
        learnFromEngines(world, running, spells);
        const due = world.plan === null || world.now >= world.plan.lookAgainAt;
        if (changed || due) look(world, running);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        world.crashAfter = null;
        world.plan = null;
      }
      checkAlways(world);
    },
    live: () => [...world.rows.values()].filter(isLive),
  };
  return world;
}

/** Counts requests as proxies do. */
function average(world: World, averages: Map<number, number>, seconds: number): void {
  world.average += (world.requests - world.average) * (1 - Math.exp(-seconds / 10));
  averages.set(world.now, world.average);
  for (const at of averages.keys()) if (at < world.now - 30 * second) averages.delete(at);
  world.peak = Math.max(...averages.values());
}

/** @returns whether there was anything new */
function observe(world: World): boolean {
  let changed = false;
  for (const name of world.clusters.keys()) {
    if (world.away.has(name)) continue;
    world.observedAt.set(name, world.now);
    changed = observeOne(world, name) || changed;
  }
  return changed;
}

function observeOne(world: World, name: ClusterName): boolean {
  const cluster = simOf(world.clusters, name);
  const rows = () => world.live().filter((row) => row.cluster === name);
  let changed = false;
  for (const row of rows()) {
    const sighting = cluster.sight(row.name);
    const patch = advanceJob(row, sighting, world.now, world.now);
    if (patch !== null) {
      write(world, row, patch);
      changed = true;
    }
  }
  for (const row of rows()) {
    if (row.phase !== 'starting' || row.address === null) continue;
    if (!cluster.engineIsUp(row.name, world.now)) continue;
    write(world, row, { phase: 'ready', readyAt: world.now });
    changed = true;
  }
  return changed;
}

/** Requests go to ready jobs; those on draining ones end one by one; those on dead ones are cut. */
function serve(world: World, running: Map<JobId, number>): void {
  const ready = world.live().filter(({ phase }) => phase === 'ready');
  for (const [id, count] of running) {
    const row = world.rows.get(id);
    if (row?.phase === 'draining') running.set(id, Math.max(0, count - 1));
    else running.delete(id);
  }
  for (let index = 0; index < world.requests && ready.length > 0; index += 1) {
    const id = ready[index % ready.length]?.id ?? '';
    running.set(id, (running.get(id) ?? 0) + 1);
  }
}

function demandOf(world: World, running: ReadonlyMap<JobId, number>): Demand {
  if (!world.reporting) return null;
  const ready = world.live().some(({ phase }) => phase === 'ready');
  const { heard } = world;
  const told = [...running].map(([id, count]): [JobId, number] => [id, Math.floor(heard * count)]);
  return {
    isWhole: heard === 1,
    running: told.reduce((sum, [, count]) => sum + count, 0),
    held: ready ? 0 : Math.floor(heard * world.requests),
    average: heard * world.average,
    peak: heard * world.peak,
    lastRequestAt: null,
    runningByJob: Object.fromEntries(told),
  };
}

function look(world: World, running: ReadonlyMap<JobId, number>): void {
  const demand = demandOf(world, running);
  const ended = [...world.rows.values()].filter((row) => !isLive(row));
  const standing = (name: ClusterName) => ({
    reachable: !world.away.has(name),
    observedAt: world.observedAt.get(name) ?? null,
    error: null,
    silence: world.away.has(name) ? { since: world.observedAt.get(name) ?? 0, looks: 2 } : null,
  });
  const observed = {
    jobs: [
      ...world.live(),
      ...[...Map.groupBy(ended, ({ cluster }) => cluster).values()].flatMap((there) =>
        there.slice(-endedToJudge(world.model.spec, defaultPolicy)),
      ),
    ],
    demand,
    clusters: Object.fromEntries([...world.clusters.keys()].map((name) => [name, standing(name)])),
    history: Object.fromEntries(
      [...world.clusters.keys()].map((name) => [name, historyOf(world, name)]),
    ),
    answering: world
      .live()
      .filter(
        ({ cluster, name }) =>
          !world.dark.has(cluster) && simOf(world.clusters, cluster).engineIsUp(name, world.now),
      )
      .map(({ id }) => id),
  };
  const plan = reconcile(world.model, observed, defaultPolicy, world.now);
  if (plan.lookAgainAt <= world.now) throw new Error('looks again at once');
  effect(world, () => {
    world.model = { ...world.model, ...plan.patch };
  });
  for (const action of plan.actions) {
    const cluster =
      action.kind === 'intend' ? action.cluster : world.rows.get(action.jobId)?.cluster;
    if (world.away.has(cluster ?? '') && action.kind !== 'drain')
      throw new Error(`${action.kind} into silence`);
    perform(world, action, demand);
  }
  world.plan = plan;
  checkCrowd(world);
}

/** Rows that are looked at, as a store would limit them. */
const READ = 50;

/** As the rows of the cluster's jobs tell it. */
function historyOf(world: World, name: ClusterName): StartHistory {
  const rows = [...world.rows.values()].filter(({ cluster }) => cluster === name).slice(-READ);
  return {
    waits: rows.flatMap(({ submittedAt, startedAt }) =>
      submittedAt === null || startedAt === null ? [] : [startedAt - submittedAt],
    ),
    abandoned: rows.flatMap(({ phase, submittedAt, startedAt, endedAt }) =>
      phase === 'ended' && submittedAt !== null && startedAt === null
        ? [(endedAt ?? world.now) - submittedAt]
        : [],
    ),
    waitingSince: rows.flatMap(({ phase, submittedAt }) =>
      phase === 'queued' && submittedAt !== null ? [submittedAt] : [],
    ),
    trial: null,
  };
}
