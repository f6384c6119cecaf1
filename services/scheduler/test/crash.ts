import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Ground, openGround } from './ground.ts';
import { type CrashPoint, type Fault, Life } from './mortal.ts';
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

/** Effects of a life, each named by how often there was one of its kind. */
function pointsOf(effects: readonly string[]): readonly CrashPoint[] {
  const seen = new Map<string, number>();
  return effects.map((effect) => {
    const occurrence = (seen.get(effect) ?? 0) + 1;
    seen.set(effect, occurrence);
    return { effect, occurrence };
  });
}

/** The process lives on without the answer. Of an activation that is told to whoever asked, who has to ask again. */
function isLost(fault: Fault): boolean {
  return fault === 'unheard' || fault === 'undone';
}

/** Whether a point is worth a run. */
function isTried({ own }: Scenario, { effect, occurrence }: CrashPoint, fault: Fault): boolean {
  if (effect === 'driver.activate' && isLost(fault)) return false;
  if (thorough) return true;
  if (own !== undefined) {
    const most = decisive.test(effect) && fault !== 'unheard' ? 2 : 1;
    return own.test(effect) && occurrence <= most;
  }
  if (decisive.test(effect)) return true;
  if (fault === 'unheard') return false;
  return occurrence <= (routine.test(effect) ? 1 : 3);
}

/** Deliveries meet in other ways each time: a life may lack an effect that another one had. */
const TRIES = 4;

/** Whether every life has it. How often the others come about, and a routine at all, goes by how deliveries meet. */
function isInEveryLife({ effect, occurrence }: CrashPoint): boolean {
  return decisive.test(effect) || (occurrence === 1 && !routine.test(effect));
}

/** @returns whether the fault came about */
async function strike(
  ground: Ground,
  scenario: Scenario,
  point: CrashPoint,
  fault: Fault,
): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const life = new Life(point, fault);
    await run(ground, scenario, life).catch((cause) => {
      throw new Error(`${wordsOf(point)} ${fault}`, { cause });
    });
    if (life.struck) return true;
  }
  return false;
}

const wordsOf = ({ effect, occurrence }: CrashPoint) => `${effect} no. ${occurrence}`;

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
      const points = pointsOf(faultless.effects).filter((point) => isTried(scenario, point, fault));
      expect(points.length).toBeGreaterThan(0);
      const missed: CrashPoint[] = [];
      for (const point of points)
        if (!(await strike(ground, scenario, point, fault))) missed.push(point);
      if (missed.length > 0)
        process.stderr.write(`not met in ${TRIES} lives: ${missed.map(wordsOf).join(', ')}\n`);
      expect(missed.filter(isInEveryLife).map(wordsOf)).toEqual([]);
      expect(missed.length).toBeLessThanOrEqual(points.length / 20);
    });
  });
}
