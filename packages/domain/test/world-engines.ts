import { defaultPolicy, type FullSpell, type JobId, learnCapacity } from '../src/index.ts';
import type { World } from './world.ts';
import { write } from './world-acts.ts';

/** What the engines of a world are like. */
export interface WorldEngine {
  /** Requests that one takes at once; the rest wait in it. */
  readonly limit: number;
  /** What its arguments say of that, rightly or not; null: nothing. */
  readonly configured: number | null;
}

/** Reads the figures of ready engines, as an observer does, and keeps what they teach with the jobs. */
export function learnFromEngines(
  world: World,
  running: ReadonlyMap<JobId, number>,
  spells: Map<JobId, FullSpell | null>,
): void {
  const { engine } = world;
  if (engine === null) return;
  for (const row of world.live()) {
    if (row.phase !== 'ready') continue;
    const load = running.get(row.id) ?? 0;
    const figures = {
      gpuUtilization: null,
      runningRequests: Math.min(load, engine.limit),
      waitingRequests: Math.max(0, load - engine.limit),
    };
    const { assumedCapacity } = defaultPolicy;
    const before = spells.get(row.id) ?? null;
    const lesson = learnCapacity(row.capacity, assumedCapacity, before, figures, world.now);
    spells.set(row.id, lesson.full);
    if (lesson.capacity !== null) write(world, row, { capacity: lesson.capacity });
  }
}
