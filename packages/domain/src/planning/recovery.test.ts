import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { model } from '../../test/builders.ts';
import { healthy, settled, until } from '../../test/recovery.ts';
import { runs } from '../../test/runs.ts';
import { createWorld, type World } from '../../test/world.ts';

describe('a cluster that becomes healthy again: nobody has to command anything', () => {
  type Trouble = (world: World) => void;
  const full = fc.constantFrom(0, 1, 2).map(
    (places): Trouble =>
      (world) => {
        world.cluster.places = places;
      },
  );
  const crash = fc.integer({ min: 1, max: 6 }).map(
    (effects): Trouble =>
      (world) => {
        world.crashAfter = effects;
      },
  );
  const broken = fc.constantFrom(0, 5, 25).map(
    (failsAfterSeconds): Trouble =>
      (world) => {
        world.cluster.fate = { ...healthy, failsAfterSeconds };
      },
  );
  const silent = fc.boolean().map(
    (reachable): Trouble =>
      (world) => {
        world.reachable = reachable;
      },
  );
  const taken = fc.constantFrom('preempted' as const, 'node_failed' as const).map(
    (how): Trouble =>
      (world) =>
        world.cluster.strike(how, world.now),
  );
  const history = (trouble: fc.Arbitrary<Trouble>) =>
    fc.array(fc.record({ trouble, ticks: fc.constantFrom(1, 6, 30) }), { maxLength: 20 });
  const befall = (
    world: World,
    events: readonly { readonly trouble: Trouble; readonly ticks: number }[],
    before: number,
  ): void => {
    for (const { trouble, ticks } of events) {
      trouble(world);
      for (let tick = 0; tick < ticks && world.now < before; tick += 1) world.tick(10);
    }
  };
  const heal = (world: World): void => {
    Object.assign(world, { reachable: true, crashAfter: null });
    Object.assign(world.cluster, { places: Number.POSITIVE_INFINITY, fate: healthy });
    for (const job of world.cluster.jobs.values()) job.fate = healthy;
  };
  const passTo = (world: World, moment: number): void => {
    while (world.now < moment) {
      world.tick(10);
      const up = world.live().some(({ phase }) => phase === 'ready');
      if (!up) throw new Error(`down: ${JSON.stringify(world.plan)}`);
    }
  };

  test('one job serves: it is succeeded without a gap, whatever befell its successors', () => {
    const walltimeSeconds = 6 * 3_600;
    fc.assert(
      fc.property(history(fc.oneof(full, crash, broken, silent)), (events) => {
        const world = createWorld(healthy, model({}, { walltimeSeconds }));
        world.requests = 1;
        until(world, settled, 120);
        const endsAt = world.live()[0]?.endsAt ?? 0;
        passTo(world, endsAt - 0.1 * walltimeSeconds * 1_000 - 60_000);
        for (const { trouble, ticks } of events) {
          trouble(world);
          for (let tick = 0; tick < ticks && world.now < endsAt - 300_000; tick += 1)
            world.tick(10);
        }
        heal(world);
        passTo(world, endsAt + 600_000);
        expect(settled(world)).toBe(true);
      }),
      runs(60),
    );
  });

  test('none serves: what was no fault of the model never makes it give up', () => {
    fc.assert(
      fc.property(history(fc.oneof(full, crash, taken)), (events) => {
        const world = createWorld(healthy);
        world.requests = 1;
        befall(world, events, Number.POSITIVE_INFINITY);
        heal(world);
        until(world, settled, 300);
      }),
      runs(60),
    );
  });
});
