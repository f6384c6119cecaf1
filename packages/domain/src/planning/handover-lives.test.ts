import { describe, expect, test } from '@jest/globals';
import { model } from '../../test/builders.ts';
import { healthy, settled, until } from '../../test/recovery.ts';
import type { Fate } from '../../test/sim-cluster.ts';
import { createWorld, type World } from '../../test/world.ts';
import { isLeaving } from '../index.ts';

interface Life {
  /** Seconds in which no job was ready. */
  readonly without: number;
  /** Mean number of jobs that held resources and were not on their way out. */
  readonly jobs: number;
  readonly submissions: number;
}

/** A model under load from its first ready job on, looked at every so many seconds. */
function live(world: World, seconds: number, step = 20): Life {
  let without = 0;
  let held = 0;
  const before = world.cluster.submissions.size;
  for (let at = 0; at < seconds; at += step) {
    world.tick(step);
    const current = world.live().filter((job) => !isLeaving(job));
    if (!current.some(({ phase }) => phase === 'ready')) without += step;
    held += current.filter(({ phase }) => phase === 'starting' || phase === 'ready').length;
    expect(current.length).toBeLessThanOrEqual(2);
  }
  return {
    without,
    jobs: (held * step) / seconds,
    submissions: world.cluster.submissions.size - before,
  };
}

function begin(fate: Partial<Fate>, walltimeSeconds: number): World {
  const world = createWorld({ ...healthy, ...fate }, model({}, { walltimeSeconds }));
  world.requests = 2;
  until(world, settled, 4 * walltimeSeconds);
  return world;
}

describe('a model whose jobs are short', () => {
  test.each([
    [60, 2, 3],
    [120, 2, 3],
    [120, 15, 10],
    [180, 5, 20],
    [600, 60, 90],
  ])(
    'walltime %i s, %i s in the queue, %i s to load: serves all the time',
    (walltime, queueSeconds, loadSeconds) => {
      const world = begin({ queueSeconds, loadSeconds }, walltime);
      const lives = 8;
      const seen = live(world, lives * walltime, 1);
      expect(seen.without).toBe(0);
      // One after the other, with an overlap; not two all the time.
      expect(seen.jobs).toBeLessThan(1.6);
      expect(seen.submissions).toBeLessThan(3 * lives);
    },
  );
});

test.each([60, 600])(
  'a burst of failed successors until the end of a job does not end a model of %i s walltime',
  (walltime) => {
    const step = walltime / 60;
    const world = begin({ queueSeconds: 2, loadSeconds: 2 }, walltime);
    live(world, walltime, step);
    const endsAt = Math.max(...world.live().map((job) => job.endsAt ?? 0));
    const sound = world.cluster.fate;
    world.cluster.fate = { ...sound, failsAfterSeconds: 1 };
    while (world.now < endsAt) world.tick(step);
    world.cluster.fate = sound;
    const failed = [...world.rows.values()].filter(({ outcome }) => outcome === 'failed');
    expect(failed.length).toBeGreaterThan(1);
    until(world, settled, 300);
    expect(live(world, 3 * walltime, step).without).toBe(0);
  },
);

describe('a model whose jobs wait for long', () => {
  test('serves all the time: its successors are submitted in time', () => {
    const world = begin({ queueSeconds: 1_200, loadSeconds: 300 }, 3_600);
    expect(live(world, 12 * 3_600).without).toBe(0);
  });

  test('waits once when the queue becomes long, and not again', () => {
    const world = begin({}, 3_600);
    live(world, 2 * 3_600);
    world.cluster.fate = { ...healthy, queueSeconds: 1_500 };
    expect(live(world, 3 * 3_600).without).toBeLessThan(1_500);
    expect(live(world, 8 * 3_600).without).toBe(0);
  });

  test('holds fewer again when the queue is short again', () => {
    const world = begin({ queueSeconds: 1_500 }, 3_600);
    live(world, 6 * 3_600);
    world.cluster.fate = healthy;
    live(world, 10 * 3_600);
    const seen = live(world, 10 * 3_600);
    expect(seen.without).toBe(0);
    expect(seen.submissions).toBeLessThan(25);
  });

  test('for longer than they live serves as much as it can, and breeds no crowd', () => {
    const world = begin({ queueSeconds: 4_000, loadSeconds: 100 }, 3_600);
    const seen = live(world, 12 * 3_600);
    expect(seen.without).toBeGreaterThan(0);
    expect(seen.without).toBeLessThan(6 * 3_600);
  });
});
