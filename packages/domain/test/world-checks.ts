import { isLeaving, isLive, type Job } from '../src/index.ts';
import { isOver } from './sim-cluster.ts';
import type { World } from './world.ts';

/** What holds in every moment. */
export function checkAlways(world: World): void {
  for (const cluster of world.clusters.values())
    for (const job of cluster.jobs.values()) {
      const row = rowOf(world, job.name);
      if (!isOver(job) && (row === undefined || !isLive(row)))
        throw new Error(`${job.name} is an orphan`);
    }
  for (const name of world.clusters.keys()) {
    const current = world.live().filter((row) => row.cluster === name && !isLeaving(row));
    if (current.length > 2 * world.model.spec.maxReplicas) throw new Error('too many jobs');
  }
}

/**
 * After a plan was carried out: on the clusters that answer, one more than is wanted, and only while they wait. A job
 * that got old before it was ready and has a successor is not counted beside it.
 */
export function checkRaces(world: World): void {
  const succeeded = new Set(world.live().map(({ successorOf }) => successorOf));
  const fresh = world
    .live()
    .filter(({ id }) => !succeeded.has(id))
    .filter((row) => !isLeaving(row) && !world.away.has(row.cluster))
    .filter(({ phase, revision }) => phase !== 'ready' && revision === world.model.revision);
  const loading = fresh.filter(({ phase }) => phase === 'starting');
  const { maxReplicas } = world.model.spec;
  if (fresh.length > maxReplicas + 1 || loading.length > maxReplicas)
    throw new Error('more jobs than a race has');
}

export function rowOf(world: World, name: string): Job | undefined {
  return [...world.rows.values()].find((row) => row.name === name);
}
