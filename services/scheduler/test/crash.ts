import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Ground, openGround } from './ground.ts';
import { type Fault, Life } from './mortal.ts';
import { createReceiver } from './receiver.ts';
import type { Scenario, Topic } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { openWorld } from './world.ts';

/**
 * The promise "nothing lost, nothing doubled", tried: in every scenario one effect of the scheduler after the
 * other goes wrong, and the end has to be the same. Stores and queues are real; the cluster is one on paper,
 * because there are hundreds of runs.
 *
 * What touches commands, jobs and the cluster (decisive) is tried each time, everything else at its first
 * occurrences.
 * WAKEFIELD_TEST_THOROUGH=1 tries every effect in every way and takes several times as long.
 */
const thorough = process.env.WAKEFIELD_TEST_THOROUGH === '1';
const faults: readonly Fault[] = thorough
  ? ['dies before', 'dies after', 'unheard', 'undone']
  : ['dies after', 'unheard'];
const routine =
  /^(leases|clusters|trials)\.|^nudges\.(cluster|probe|modelLater)|^metricsBoard|^routeBus|purge|putOff/;
const decisive = /^(driver|commands\.(insert|apply)|jobs\.(intend|patch))/;

async function run(
  ground: Ground,
  { setUp, play, end, clusters, listens }: Scenario,
  life: Life,
): Promise<void> {
  const world = openWorld(ground, clusters, listens ? createReceiver() : null);
  try {
    world.start();
    await setUp(world);
    world.start(life);
    await play(world);
    // What would still be done, or done again, is done now.
    for (let rounds = 0; rounds < 2; rounds += 1) await world.round();
    expect(await world.look()).toEqual(end);
  } finally {
    await world.close();
  }
}

/** Whether the n-th effect, the last one of these, is worth a run. */
function isTried({ own }: Scenario, effects: readonly string[], fault: Fault): boolean {
  const effect = effects.at(-1) ?? '';
  const before = effects.filter((other) => other === effect).length - 1;
  if (thorough) return true;
  if (own !== undefined) {
    const most = decisive.test(effect) && fault !== 'unheard' ? 2 : 1;
    return own.test(effect) && before < most;
  }
  if (decisive.test(effect)) return true;
  if (fault === 'unheard') return false;
  return before < (routine.test(effect) ? 1 : 3);
}

/** One file for each topic, so that they are tried side by side. */
export function crashTests(topic: Topic): void {
  jest.setTimeout(1_200_000);
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground.close());

  describe.each(scenarios.filter((scenario) => scenario.topic === topic))('$name', (scenario) => {
    const faultless = new Life();
    beforeAll(() => run(ground, scenario, faultless));

    test('ends as it should when nothing goes wrong', () => {
      expect(faultless.effects.length).toBeGreaterThan(0);
      expect(faultless.struck).toBe(false);
    });

    test.each(faults)('and when an effect of it: %s', async (fault) => {
      const { effects } = faultless;
      const numbers = effects
        .map((_, index) => index + 1)
        .filter((number) => isTried(scenario, effects.slice(0, number), fault));
      expect(numbers.length).toBeGreaterThan(0);
      let struck = 0;
      for (const n of numbers) {
        const life = new Life(n, fault);
        try {
          await run(ground, scenario, life);
          if (life.struck) struck += 1;
        } catch (error) {
          throw new Error(`effect ${n} (${life.effects[n - 1]}) ${fault}`, { cause: error });
        }
      }
      // Deliveries meet in other ways each time: a life may be shorter than the first by a few effects.
      expect(struck).toBeGreaterThan(0.9 * numbers.length);
    });
  });
}
