import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { model, spec } from '../../test/builders.ts';
import { healthy, settled, until } from '../../test/recovery.ts';
import { runs } from '../../test/runs.ts';
import { createWorld, type World } from '../../test/world.ts';
import { isLeaving } from '../index.ts';

const hfModelId = 'org/model';
const gone = (world: World): boolean =>
  world.model.idle && world.live().length === 0 && world.plan?.state === 'not_loaded';

describe('one life', () => {
  test('wake, serve, fall asleep', () => {
    const world = createWorld(healthy, model({ idle: true, lastWakeupAt: null }));
    world.tick(5);
    expect(world.plan?.state).toBe('not_loaded');
    const states = new Set<string>();
    world.command({ kind: 'wake', hfModelId });
    const watch = (done: (world: World) => boolean) => (seen: World) => {
      states.add(seen.plan?.state ?? 'unknown');
      return done(seen);
    };
    until(world, watch(settled), 120);
    world.requests = 3;
    world.tick(20);
    states.add(world.plan?.state ?? 'unknown');
    world.requests = 0;
    until(world, watch(gone), 900);
    expect([...states].filter((state) => state !== 'unknown')).toEqual([
      'queued',
      'loading',
      'ready',
      'busy',
      'not_loaded',
    ]);
    expect(world.cluster.submissions.size).toBe(1);
  });

  test('a day under load: handed over before each walltime, never without a ready job', () => {
    const world = createWorld(healthy);
    world.requests = 2;
    until(world, settled, 120);
    for (let minutes = 0; minutes < 24 * 60; minutes += 0.5) {
      world.tick(30);
      expect(world.live().some(({ phase }) => phase === 'ready')).toBe(true);
      expect(world.live().length).toBeLessThanOrEqual(2);
    }
    const outcomes = [...world.rows.values()].map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['as_asked', null]));
    expect(outcomes.length).toBeGreaterThanOrEqual(26);
    expect(outcomes.length).toBeLessThanOrEqual(29);
  });

  test('a changed model is replaced without a gap', () => {
    const world = createWorld(healthy, model({ replicas: 3 }));
    world.requests = 6;
    until(world, settled, 120);
    world.command({ kind: 'register', spec: spec({ gpuCount: 2 }) });
    until(
      world,
      (seen) => {
        const ready = seen.live().filter(({ phase }) => phase === 'ready').length;
        expect(ready).toBeGreaterThanOrEqual(3);
        expect(seen.live().filter((job) => !isLeaving(job)).length).toBeLessThanOrEqual(4);
        return settled(seen);
      },
      1_200,
    );
    expect(world.model.revision).toBe(2);
  });

  test('a model that cannot start: three tries, then nothing until someone wakes it', () => {
    const world = createWorld({ ...healthy, failsAfterSeconds: 10 });
    world.requests = 1;
    until(world, (seen) => seen.plan?.state === 'failed', 900);
    const tries = world.cluster.submissions.size;
    expect(tries).toBe(3);
    for (let hours = 0; hours < 5; hours += 1) world.tick(3_600);
    expect(world.cluster.submissions.size).toBe(3);
    expect(world.plan?.reason).toContain('The engine ended with exit code 1');
    world.cluster.fate = healthy;
    world.command({ kind: 'wake', hfModelId });
    until(world, settled, 300);
    expect(world.cluster.submissions.size).toBe(4);
  });

  test('load comes and goes: jobs come and go', () => {
    const world = createWorld(healthy, model({}, { autoscale: true }));
    world.requests = 40;
    until(world, (seen) => seen.model.replicas === 4 && settled(seen), 600);
    world.requests = 1;
    until(world, (seen) => seen.model.replicas === 1 && settled(seen), 3_600);
  });
});

test('a crash after any effect of any run leaves one job per intent', () => {
  for (let effects = 1; effects <= 25; effects += 1) {
    const world = createWorld(healthy);
    world.requests = 1;
    world.crashAfter = effects;
    until(world, settled, 300);
    world.requests = 0;
    world.crashAfter ??= effects;
    world.command({ kind: 'sleep', hfModelId });
    until(world, gone, 600);
    expect(world.cluster.submissions.size).toBe(1);
  }
});

describe('chaos', () => {
  type Event = (world: World) => void;
  const fate = fc.record({
    queueSeconds: fc.constantFrom(0, 30, 900),
    loadSeconds: fc.constantFrom(0, 60, 4_000),
    failsAfterSeconds: fc.constantFrom(null, null, 5, 700),
    stubborn: fc.boolean(),
  });
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.constant<Event>(() => {}),
    fc.constantFrom('wake' as const, 'sleep' as const).map(
      (kind): Event =>
        (world) => {
          world.command({ kind, hfModelId });
        },
    ),
    fc.integer({ min: 0, max: 3 }).map(
      (replicas): Event =>
        (world) => {
          world.command({ kind: 'scale', hfModelId, replicas });
        },
    ),
    fc.boolean().map(
      (stop): Event =>
        (world) => {
          world.command({ kind: 'unregister', hfModelId, stop });
        },
    ),
    fc.integer({ min: 1, max: 3 }).map(
      (gpuCount): Event =>
        (world) => {
          const { autoscale, isRefreshing } = world.model.spec;
          world.command({ kind: 'register', spec: spec({ gpuCount, autoscale, isRefreshing }) });
        },
    ),
    fc.boolean().map(
      (reachable): Event =>
        (world) => {
          world.reachable = reachable;
        },
    ),
    fc.boolean().map(
      (reporting): Event =>
        (world) => {
          world.reporting = reporting;
        },
    ),
    fc.constantFrom(0, 1, 50).map(
      (requests): Event =>
        (world) => {
          world.requests = requests;
        },
    ),
    fc.integer({ min: 1, max: 6 }).map(
      (effects): Event =>
        (world) => {
          world.crashAfter = effects;
        },
    ),
    fc
      .constantFrom(
        'preempted' as const,
        'node_failed' as const,
        'cancelled' as const,
        'requeue' as const,
      )
      .map(
        (how): Event =>
          (world) =>
            world.cluster.strike(how, world.now),
      ),
    fate.map(
      (next): Event =>
        (world) => {
          world.cluster.fate = next;
        },
    ),
  );
  const history = fc.array(
    fc.record({ event, seconds: fc.constantFrom(1, 5, 30, 120, 900, 4_000) }),
    { maxLength: 40 },
  );

  test('whatever happened, it comes to what is wanted, and to nothing when it is not', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), history, (autoscale, isRefreshing, events) => {
        const world = createWorld(healthy, model({}, { autoscale, isRefreshing }));
        for (const { event: happen, seconds } of events) {
          happen(world);
          world.tick(seconds);
        }
        Object.assign(world, { reachable: true, reporting: true, crashAfter: null, requests: 1 });
        world.cluster.fate = healthy;
        for (const job of world.cluster.jobs.values()) {
          job.fate = { ...healthy, stubborn: job.fate.stubborn };
        }
        world.command({ kind: 'register', spec: world.model.spec });
        // What became of its jobs while nobody looked is not held against the next try.
        world.tick(5);
        world.tick(5);
        world.command({ kind: 'wake', hfModelId });
        until(world, settled, 4 * 3_600);
        world.requests = 0;
        until(world, gone, 3_600);
        expect([...world.cluster.jobs.values()].filter(({ endedAt }) => endedAt === null)).toEqual(
          [],
        );
      }),
      runs(300),
    );
  });
});
