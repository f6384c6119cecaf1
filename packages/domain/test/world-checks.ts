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
}

/**
 * After a plan was carried out: on the clusters that answer as many serve as are wanted at most, and as many are on
 * their way, with one more only in a race. A job that got old before it was ready and has a successor is not counted
 * beside it.
 */
export function checkCrowd(world: World): void {
  const { registered, idle, replicas } = world.model;
  if (!registered) return;
  const wanted = idle ? 0 : replicas;
  const succeeded = new Set(world.live().map(({ successorOf }) => successorOf));
  const present = world.live().filter((row) => !isLeaving(row) && !world.away.has(row.cluster));
  const ready = present.filter(({ phase }) => phase === 'ready');
  const coming = present.filter(({ id, phase }) => phase !== 'ready' && !succeeded.has(id));
  const waiting = coming.filter(({ phase }) => phase !== 'starting');
  const race = waiting.some(({ rivalOf }) => waiting.some(({ id }) => id === rivalOf));
  if (ready.length > wanted || coming.length > wanted + (race ? 1 : 0))
    throw new Error(`more jobs than ${wanted}: ${ready.length} ready, ${coming.length} coming`);
}

export function rowOf(world: World, name: string): Job | undefined {
  return [...world.rows.values()].find((row) => row.name === name);
}
