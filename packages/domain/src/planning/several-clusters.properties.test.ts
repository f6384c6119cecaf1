import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { model } from '../../test/builders.ts';
import { healthy, settled, until } from '../../test/recovery.ts';
import { runs } from '../../test/runs.ts';
import { createWorld, type World } from '../../test/world.ts';
import type { Model } from '../index.ts';

describe('several clusters in the long run', () => {
  const onTwo = (over: Partial<Model> = {}) => model(over, { otherClusters: ['c2'] });
  const sim = (world: World, name: string) => {
    const cluster = world.clusters.get(name);
    if (cluster === undefined) throw new Error(`no ${name}`);
    return cluster;
  };

  test('a site that is lost altogether is replaced, and its jobs are drained when it comes back', () => {
    const world = createWorld(healthy, onTwo(), ['c1', 'c2']);
    world.requests = 2;
    until(world, settled, 120);
    world.away.add('c1');
    world.dark.add('c1');
    const on = (name: string) => world.live().filter(({ cluster }) => cluster === name);
    until(world, () => on('c2').some(({ phase }) => phase === 'ready'), 300);
    expect(on('c1')).toMatchObject([{ phase: 'ready' }]);
    world.away.clear();
    world.dark.clear();
    until(world, settled, 900);
    expect(world.live()).toHaveLength(1);
  });

  test('a controller that is down for hours costs nothing while its engines serve', () => {
    const world = createWorld(
      healthy,
      model({}, { otherClusters: ['c2'], walltimeSeconds: 360_000 }),
      ['c1', 'c2'],
    );
    world.requests = 1;
    until(world, settled, 120);
    world.away.add('c1');
    for (let passed = 0; passed < 120; passed += 1) world.tick(60);
    expect(world.rows.size).toBe(1);
  });

  test('a long queue is raced, and the loser never runs', () => {
    const world = createWorld(healthy, onTwo(), ['c1', 'c2']);
    sim(world, 'c1').fate = { ...healthy, queueSeconds: 4 * 3_600 };
    world.requests = 1;
    until(world, settled, 300);
    expect(world.live()).toMatchObject([{ cluster: 'c2' }]);
    for (let passed = 0; passed < 60; passed += 1) world.tick(10);
    const [loser] = [...world.rows.values()].filter(({ cluster }) => cluster === 'c1');
    expect(loser).toMatchObject({ phase: 'ended', outcome: 'as_asked', startedAt: null });
  });

  const heal = (world: World): void => {
    world.away.clear();
    world.dark.clear();
    world.crashAfter = null;
    for (const cluster of world.clusters.values()) {
      Object.assign(cluster, { fate: healthy, places: Number.POSITIVE_INFINITY });
      for (const one of cluster.jobs.values())
        one.fate = { ...healthy, stubborn: one.fate.stubborn };
    }
  };

  type Event = (world: World) => void;
  const where = fc.constantFrom('c1', 'c2');
  const fate = fc.record({
    queueSeconds: fc.constantFrom(0, 30, 900, 9_000),
    loadSeconds: fc.constantFrom(0, 60, 900),
    failsAfterSeconds: fc.constantFrom(null, null, 5, 700),
    stubborn: fc.boolean(),
  });
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.constant<Event>(() => {}),
    fc.tuple(where, fc.boolean(), fc.boolean()).map(
      ([name, away, dark]): Event =>
        (world) => {
          for (const [set, holds] of [
            [world.away, away],
            [world.dark, away && dark],
          ] as const) {
            if (holds) set.add(name);
            else set.delete(name);
          }
        },
    ),
    fc.tuple(where, fate).map(
      ([name, next]): Event =>
        (world) => {
          sim(world, name).fate = next;
        },
    ),
    fc
      .tuple(
        where,
        fc.constantFrom('preempted' as const, 'node_failed' as const, 'requeue' as const),
      )
      .map(
        ([name, how]): Event =>
          (world) =>
            sim(world, name).strike(how, world.now),
      ),
    fc.tuple(where, fc.constantFrom(0, 1, Number.POSITIVE_INFINITY)).map(
      ([name, places]): Event =>
        (world) => {
          sim(world, name).places = places;
        },
    ),
    fc.constantFrom(['c1'], ['c2'], ['c1', 'c2'], ['c2', 'c1']).map(
      ([cluster = 'c1', ...otherClusters]): Event =>
        (world) => {
          world.command({
            kind: 'register',
            spec: { ...world.model.spec, cluster, otherClusters },
          });
        },
    ),
    fc.integer({ min: 0, max: 3 }).map(
      (replicas): Event =>
        (world) => {
          world.command({ kind: 'scale', hfModelId: 'org/model', replicas });
        },
    ),
    fc.integer({ min: 1, max: 6 }).map(
      (effects): Event =>
        (world) => {
          world.crashAfter = effects;
        },
    ),
  );

  test('whatever befalls two clusters, it comes to what is wanted, with no job too many', () => {
    const history = fc.array(fc.record({ event, seconds: fc.constantFrom(1, 5, 30, 120, 900) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(history, (events) => {
        const world = createWorld(healthy, onTwo(), ['c1', 'c2']);
        world.requests = 1;
        for (const { event: happen, seconds } of events) {
          happen(world);
          world.tick(seconds);
        }
        heal(world);
        world.tick(5);
        world.tick(5);
        // Only what was given up waits to be woken: all else comes back by itself.
        if (world.model.idle || world.plan?.state === 'failed')
          world.command({ kind: 'wake', hfModelId: 'org/model' });
        until(world, settled, 4 * 3_600);
        for (const cluster of world.clusters.values())
          for (const times of cluster.submissions.values()) expect(times).toBe(1);
      }),
      runs(200),
    );
  });
});
