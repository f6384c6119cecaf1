import {
  type Action,
  type ClusterName,
  type Demand,
  type Job,
  type JobPatch,
  jobName,
  knownCapacity,
} from '../src/index.ts';
import { job as buildJob } from './builders.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { World } from './world.ts';

/** The scheduler's death in the middle of a run. */
export class Crash extends Error {}

/** One thing that lasts: a row or a call. The scheduler may die right after it. */
export function effect<T>(world: World, what: () => T): T {
  const result = what();
  if (world.crashAfter !== null) {
    if (world.crashAfter <= 1) throw new Crash();
    world.crashAfter -= 1;
  }
  return result;
}

export function write(world: World, row: Job, patch: JobPatch): void {
  effect(world, () => world.rows.set(row.id, { ...row, ...patch }));
}

/** Carries out one action of a plan. @throws when it would harm somebody */
export function perform(world: World, action: Action, demand: Demand): void {
  if (action.kind === 'intend') {
    submit(world, intend(world, action));
    return;
  }
  const row = world.rows.get(action.jobId);
  if (row === undefined) throw new Error(`${action.kind} of an unknown job`);
  switch (action.kind) {
    case 'submit':
      submit(world, row);
      break;
    case 'drain':
      write(world, row, { phase: 'draining', drainUntil: action.until });
      break;
    case 'askToEnd':
      refuseHarm(world, row, demand);
      write(world, row, { endAskedAt: world.now });
      effect(world, () => simOf(world.clusters, row.cluster).ask(row.name, world.now));
      break;
    case 'cancel': {
      refuseHarm(world, row, demand);
      const told = { cancelledAt: world.now };
      write(world, row, told);
      effect(world, () => simOf(world.clusters, row.cluster).cancel(row.name, world.now));
      if (row.phase === 'intended') {
        write(world, row, { ...told, phase: 'ended', outcome: 'as_asked', endedAt: world.now });
      }
      break;
    }
  }
}

function intend(world: World, action: Extract<Action, { kind: 'intend' }>): Job {
  const { seq, successorOf, rivalOf, cluster } = action;
  const row = buildJob('intended', {
    seq,
    cluster,
    name: jobName('test', world.model.id, seq),
    revision: world.model.revision,
    walltimeSeconds: world.model.spec.walltimeSeconds,
    successorOf,
    rivalOf,
    capacity:
      knownCapacity([...world.rows.values()], world.model.revision) ??
      world.engine?.configured ??
      null,
    intendedAt: world.now,
  });
  if (world.rows.has(row.id)) throw new Error(`job ${seq} is intended twice`);
  effect(world, () => world.rows.set(row.id, row));
  return row;
}

function submit(world: World, row: Job): void {
  const cluster = simOf(world.clusters, row.cluster);
  const submitted = () => cluster.submit(row.name, row.walltimeSeconds, world.now);
  const clusterJobId = effect(world, submitted);
  if (clusterJobId === null) {
    const endedAt = world.now;
    write(world, row, { phase: 'ended', outcome: 'no_room', reason: 'No room now.', endedAt });
  } else {
    write(world, row, { phase: 'queued', clusterJobId, submittedAt: world.now });
  }
}

function refuseHarm(world: World, row: Job, demand: Demand): void {
  if (row.phase === 'ready') throw new Error('a ready job is ended without draining');
  if (row.phase !== 'draining' || (row.drainUntil ?? 0) <= world.now) return;
  if (demand?.isWhole !== true || (demand.runningByJob[row.id] ?? 0) > 0) {
    throw new Error('a draining job is ended under its requests');
  }
}

export function simOf(
  clusters: ReadonlyMap<ClusterName, SimCluster>,
  name: ClusterName,
): SimCluster {
  const cluster = clusters.get(name);
  if (cluster === undefined) throw new Error(`there is no cluster ${name}`);
  return cluster;
}
