import type { Fate } from './sim-cluster.ts';
import type { World } from './world.ts';

/** Of a cluster without faults. */
export const healthy: Fate = {
  queueSeconds: 20,
  loadSeconds: 30,
  failsAfterSeconds: null,
  stubborn: false,
};

/** Lets the world run until it is as it should be, or says how it is after so many simulated seconds. */
export function until(world: World, what: (world: World) => boolean, seconds: number): void {
  const deadline = world.now + seconds * 1_000;
  while (!what(world)) {
    if (world.now > deadline) {
      const rows = world.live().map(({ id, phase, reason }) => `${id} ${phase} ${reason}`);
      throw new Error(`not there: ${JSON.stringify({ rows, plan: world.plan })}`);
    }
    world.tick(5);
  }
}

/** As many jobs as wanted, all of them ready and of the current revision. */
export const settled = (world: World): boolean =>
  world.live().length === world.model.replicas &&
  world.live().every((job) => job.phase === 'ready' && job.revision === world.model.revision);
