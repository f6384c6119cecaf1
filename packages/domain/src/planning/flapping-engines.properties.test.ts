import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hour, model, second } from '../../test/builders.ts';
import { healthy } from '../../test/recovery.ts';
import { runs } from '../../test/runs.ts';
import { createWorld } from '../../test/world.ts';
import type { WorldEngine } from '../../test/world-engines.ts';

const maxReplicas = 8;
const tickMs = 10 * second;
/** Steps of growth, one job fewer a cooldown, what was wrong found out, and that made good. */
const findsOutWithinMs = hour;

/** Drives a model whose engines take other than is configured; its jobs end by their walltime once an hour. */
function drive(engine: WorldEngine, load: number, lengthMs: number) {
  const spec = { autoscale: true, maxReplicas, idleTimeoutSeconds: 86_400 };
  const world = createWorld(healthy, model({ replicas: 1 }, spec));
  world.engine = engine;
  world.requests = load;
  const startedAt = world.now;
  const changes: { at: number; by: number }[] = [];
  while (world.now < startedAt + lengthMs) {
    const before = world.model.replicas;
    world.tick(tickMs / second);
    const by = world.model.replicas - before;
    if (by !== 0) changes.push({ at: world.now - startedAt, by });
  }
  return { changes, replicas: world.model.replicas };
}

const engines = fc.record({
  limit: fc.integer({ min: 1, max: 64 }),
  configured: fc.option(fc.integer({ min: 1, max: 128 })),
});

describe('the number of wanted jobs, where engines take other than their arguments say', () => {
  test('settles, and no queue stands that another job would take', () => {
    fc.assert(
      fc.property(engines, fc.integer({ min: 1, max: 160 }), (engine, load) => {
        const { changes, replicas } = drive(engine, load, 3 * hour);
        expect(changes.filter(({ at }) => at > findsOutWithinMs)).toEqual([]);
        // But for a single request in some of them: the others cannot know that they would be full, too.
        expect(replicas === maxReplicas || replicas * (engine.limit + 1) > load).toBe(true);
        // Up, down to what the arguments say, and up again once they are found out to be wrong: not a second time.
        const turns = changes.filter(
          ({ by }, index) => Math.sign(by) !== Math.sign(changes[index - 1]?.by ?? 1),
        );
        expect(turns.length).toBeLessThanOrEqual(2);
      }),
      {
        ...runs(8),
        examples: [
          [{ limit: 8, configured: 64 }, 20],
          [{ limit: 6, configured: null }, 25],
        ],
      },
    );
  });

  test('an engine of which nothing is known and that runs all there is without a queue gets no company for it', () => {
    const { replicas } = drive({ limit: 512, configured: null }, 160, hour);
    expect(replicas).toBeLessThanOrEqual(2);
  });
});
