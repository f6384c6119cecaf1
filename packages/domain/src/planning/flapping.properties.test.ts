import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hour, minute, model, second } from '../../test/builders.ts';
import { healthy } from '../../test/recovery.ts';
import { runs } from '../../test/runs.ts';
import { createWorld } from '../../test/world.ts';
import { defaultPolicy } from '../index.ts';

/** Requests that clients keep open, by the time since the start. */
type Load = (at: number) => number;

interface Change {
  readonly at: number;
  readonly by: number;
}

const { assumedCapacity, scaleUpAt, scaleDownCooldownMs } = defaultPolicy;
const fits = assumedCapacity * scaleUpAt;
const maxReplicas = 8;
const tickMs = 10 * second;
/** Smoothing, a cooldown and a look, twice: growth may come in two steps. */
const growsWithinMs = 2 * minute;

/** Drives a model through a load, checks what must hold in every moment, and tells how its wanted jobs changed. */
function drive(
  load: Load,
  lengthMs: number,
  { minReplicas = 0, heard = () => 1 }: { minReplicas?: number; heard?: Load } = {},
): readonly Change[] {
  const spec = { autoscale: true, minReplicas, maxReplicas, idleTimeoutSeconds: 86_400 };
  const lowest = Math.max(1, minReplicas);
  const world = createWorld(healthy, model({ replicas: lowest }, spec));
  const startedAt = world.now;
  const changes: Change[] = [];
  const lately: number[] = [];
  for (let at = 0; at < lengthMs; at += tickMs) {
    const before = world.model.replicas;
    world.requests = Math.round(load(at));
    world.heard = heard(at);
    world.tick(tickMs / second);
    const { replicas } = world.model;
    if (replicas !== before) changes.push({ at: world.now - startedAt, by: replicas - before });
    if (replicas < lowest || replicas > maxReplicas) throw new Error(`${replicas} jobs`);
    lately.push(world.heard * world.requests);
    if (lately.length > growsWithinMs / tickMs) lately.shift();
    else continue;
    const steady = Math.min(...lately);
    const needed = Math.min(maxReplicas, Math.ceil((0.99 * steady) / fits));
    if (replicas < needed)
      throw new Error(`${steady} requests, ${replicas} jobs at ${at / second} s`);
  }
  checkBounds(changes, lengthMs);
  return changes;
}

/** Whatever the load: one job fewer a cooldown at most, and what was added was free before or taken away. */
function checkBounds(changes: readonly Change[], lengthMs: number): void {
  const downs = changes.filter(({ by }) => by < 0);
  expect(downs.every(({ by }) => by === -1)).toBe(true);
  expect(downs.length).toBeLessThanOrEqual(lengthMs / scaleDownCooldownMs);
  for (const [index, { at }] of changes.entries()) {
    const before = changes[index - 1];
    if (downs.some((down) => down.at === at) && before !== undefined)
      expect(at - before.at).toBeGreaterThanOrEqual(scaleDownCooldownMs);
  }
  const ups = changes.length - downs.length;
  expect(ups).toBeLessThanOrEqual(downs.length + maxReplicas - 1);
}

const few = runs(6);
const level = fc.integer({ min: 0, max: 160 });
/** Chosen per tick, the same for the same seed. */
const noise = (seed: number, at: number): number => {
  const x = Math.sin(seed * 12.9898 + at * 0.078233) * 43_758.5453;
  return x - Math.floor(x);
};

describe('the number of wanted jobs', () => {
  test('of a constant load settles, and never changes again', () => {
    fc.assert(
      fc.property(level, fc.integer({ min: 0, max: 3 }), (load, minReplicas) => {
        const changes = drive(() => load, 2 * hour, { minReplicas });
        expect(changes.filter(({ at }) => at > growsWithinMs)).toEqual([]);
        expect(changes.every(({ by }) => by > 0)).toBe(true);
      }),
      few,
    );
  });

  test('of a constant load never shrinks while proxies die and come back, however little is heard then', () => {
    const spell = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(
        level,
        spell,
        spell,
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (load, whole, part, share) => {
          const heard: Load = (at) => ((at / tickMs) % (whole + part) < whole ? 1 : share);
          const changes = drive(() => load, 2 * hour, { heard });
          expect(changes.every(({ by }) => by > 0)).toBe(true);
        },
      ),
      few,
    );
  });

  test('of a load that fell settles, one job at a time', () => {
    fc.assert(
      fc.property(level, level, (first, then) => {
        const changes = drive((at) => (at < 20 * minute ? first : then), 2 * hour);
        const settled = 20 * minute + (maxReplicas + 1) * (scaleDownCooldownMs + minute);
        expect(changes.filter(({ at }) => at > settled)).toEqual([]);
      }),
      few,
    );
  });

  test('of a noisy load only finds its place: nothing that was added is taken away', () => {
    fc.assert(
      fc.property(level, fc.integer(), (load, seed) => {
        const changes = drive((at) => load * (0.75 + 0.5 * noise(seed, at)), 90 * minute);
        expect(changes.every(({ by }) => by > 0)).toBe(true);
        expect(changes.length).toBeLessThanOrEqual(5);
      }),
      few,
    );
  });

  test('of a square wave: pauses shorter than the cooldown cost nothing after the first period', () => {
    const part = fc.integer({ min: 1, max: (scaleDownCooldownMs - 30 * second) / tickMs });
    fc.assert(
      fc.property(level, level, part, part, (high, low, highTicks, lowTicks) => {
        const period = (highTicks + lowTicks) * tickMs;
        const wave: Load = (at) => (at % period < highTicks * tickMs ? high : low);
        // Short peaks lift the average little by little: growth may come in several steps, and stays.
        expect(drive(wave, 90 * minute).every(({ by }) => by > 0)).toBe(true);
      }),
      {
        ...few,
        examples: [
          [13, 0, 1, 1],
          // Looks that are as far apart as the tops are met by ups and downs in turn.
          [14, 116, 3, 1],
          [136, 16, 1, 3],
        ],
      },
    );
  });

  test('of a slow square wave: three steps up and one step down a cooldown, each period', () => {
    fc.assert(
      fc.property(
        level,
        level,
        fc.integer({ min: 6, max: 30 }),
        fc.integer({ min: 6, max: 30 }),
        (high, low, highMinutes, lowMinutes) => {
          const period = (highMinutes + lowMinutes) * minute;
          const wave: Load = (at) => (at % period < highMinutes * minute ? high : low);
          const changes = drive(wave, 3 * period);
          const lower = (Math.max(highMinutes, lowMinutes) * minute) / scaleDownCooldownMs;
          for (let start = 0; start < 3 * period; start += period) {
            const inside = changes.filter(({ at }) => at >= start && at < start + period);
            expect(inside.filter(({ by }) => by > 0).length).toBeLessThanOrEqual(4);
            expect(inside.filter(({ by }) => by < 0).length).toBeLessThanOrEqual(lower + 1);
          }
        },
      ),
      few,
    );
  });

  test('of a sawtooth follows it up, and down by a job a cooldown', () => {
    fc.assert(
      fc.property(level, fc.integer({ min: 1, max: 90 }), (peak, minutes) => {
        const period = minutes * minute;
        const changes = drive((at) => (peak * (at % period)) / period, 90 * minute);
        if (period < scaleDownCooldownMs) expect(changes.every(({ by }) => by > 0)).toBe(true);
      }),
      few,
    );
  });

  test('of bursts: one of a few seconds adds nothing, any mixture stays within the bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer(), (everyMinutes, seed) => {
        const burst: Load = (at) => (at > minute && at % (everyMinutes * minute) < tickMs ? 16 : 4);
        expect(drive(burst, 90 * minute)).toEqual([]);
        const wild: Load = (at) => {
          const spell = Math.floor(at / (everyMinutes * 20 * second));
          return noise(seed, spell) > 0.7 ? 160 * noise(seed + 1, spell) : 5 * noise(seed, at);
        };
        drive(wild, 2 * hour);
      }),
      few,
    );
  });
});
