import { describe, expect, jest, test } from '@jest/globals';
import { submitCommand } from '@wakefield/control';
import { Life } from '../test/mortal.ts';
import { createReceiver } from '../test/receiver.ts';
import type { Scenario } from '../test/scenario.ts';
import { scenarios } from '../test/scenarios.ts';
import { useWorld } from '../test/use-world.ts';
import { MODEL, openWorld, spec, type World } from '../test/world.ts';
import { handlers } from './consumers.ts';

jest.setTimeout(120_000);

const { ground, world } = useWorld();

/** The same numbers in every run (Park and Miller's minimal standard). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** The world with something happening in every round of it. */
function disturbed(inner: World, disturb: () => Promise<void>): World {
  const round: World['round'] = async (ms) => {
    await disturb();
    await inner.round(ms);
    await disturb();
  };
  const until: World['until'] = async (holds, most = 40, ms = 1_000) => {
    for (let rounds = 0; rounds < most; rounds += 1) {
      if (holds(await inner.look())) return;
      await round(ms);
    }
    throw new Error(`did not come true: ${holds}\n${JSON.stringify(await inner.look())}`);
  };
  return new Proxy(inner, {
    get: (target, key) =>
      key === 'round' ? round : key === 'until' ? until : Reflect.get(target, key),
  });
}

/** The world of all tests, or one of its own for a scenario in which somebody is told. */
async function inWorld({ listens }: Scenario, run: (world: World) => Promise<void>): Promise<void> {
  if (listens !== true) return await run(world);
  const own = openWorld(ground, [], createReceiver());
  await run(own).finally(() => own.close());
}

describe.each(scenarios.filter(({ topic }) => topic !== 'changing'))('$name', (scenario) => {
  const { setUp, play, end } = scenario;

  test('ends the same with two schedulers and every delivery doubled and shuffled', async () => {
    await inWorld(scenario, async (world) => {
      world.start(new Life(), 2);
      await setUp(world);
      const random = numbers(7);
      const stormy = disturbed(world, () => world.storm(random));
      await play(stormy);
      await stormy.round();
      expect(await world.look()).toEqual(end);
    });
  });

  test('ends the same when Redis forgets everything all the time', async () => {
    await inWorld(scenario, async (world) => {
      world.start();
      await setUp(world);
      const forgetful = disturbed(world, () => ground.flush());
      await play(forgetful);
      await forgetful.round();
      expect(await world.look()).toEqual(end);
    });
  });
});

async function registered(): Promise<string> {
  await world.wish({ kind: 'activate', cluster: null });
  await world.wish({ kind: 'register', spec: spec() });
  await world.until(({ model }) => model !== null);
  const [row] = await ground.store.sql('select id from models');
  return String(row?.id);
}

describe('a holder that lost its lease in the middle of a submission', () => {
  /** @returns the run that hangs in sbatch, and what lets it go on */
  async function hangInSubmission() {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    world.cluster.whileSubmitting = async () => {
      world.cluster.whileSubmitting = null;
      arrived.resolve();
      await gate.promise;
    };
    await world.wish({ kind: 'wake', hfModelId: MODEL });
    const passed = world.round();
    await arrived.promise;
    await world.expireLeases();
    return {
      late: async () => {
        gate.resolve();
        await passed;
      },
    };
  }

  test('finds the job that its successor submitted, and writes nothing', async () => {
    world.start();
    const id = await registered();
    const { late } = await hangInSubmission();
    const successor = world.deps();
    const { reconcile } = handlers(successor);
    await reconcile.model(id, { signal: AbortSignal.timeout(10_000) });
    const before = await ground.store.sql('select * from jobs');
    expect(before).toMatchObject([{ phase: 'queued', cluster_job_id: '1' }]);
    await late();
    expect(world.log.has('lease lost')).toBe(true);
    expect(world.cluster.taken).toHaveLength(1);
    expect(await ground.store.sql('select id, cluster_job_id from jobs')).toEqual([
      { id: before[0]?.id, cluster_job_id: '1' },
    ]);
  });

  test('leaves no orphan when the model was put to sleep meanwhile', async () => {
    world.start();
    const id = await registered();
    const { late } = await hangInSubmission();
    await world.wish({ kind: 'sleep', hfModelId: MODEL });
    const { commands, reconcile } = handlers(world.deps());
    const { signal } = new AbortController();
    const [open] = await ground.store.sql('select id from commands where outcome is null');
    if (open !== undefined) await commands.command(String(open.id), { signal });
    await reconcile.model(id, { signal });
    expect((await world.look()).jobs).toMatchObject([{ phase: 'ended', outcome: 'as_asked' }]);
    await late();
    await world.until(({ model }) => model?.state === 'not_loaded');
    await world.round();
    expect(await world.look()).toMatchObject({
      jobs: [{ seq: 1, phase: 'ended', outcome: 'as_asked' }],
      cluster: [{ seq: 1, state: 'gone' }],
    });
  });
});

describe('wishes', () => {
  test('are applied in their order, whatever becomes of their deliveries', async () => {
    world.start();
    await registered();
    const lost = { command: async () => undefined };
    const wish = (kind: 'wake' | 'sleep', n: number, nudges = world.deps().nudges) =>
      submitCommand(
        { ...world.deps(), nudges: { ...nudges }, clock: { now: () => world.now() + n } },
        {
          project: 'eu-00-00',
          body: { kind, hfModelId: MODEL },
          by: 'x',
          traceId: 'b'.repeat(32),
          idempotencyKey: null,
        },
      );
    await wish('sleep', 1, { ...world.deps().nudges, ...lost });
    await wish('wake', 2);
    await ground.quiet();
    // Not only the late one later: both, in their order, now.
    expect((await world.look()).commands.slice(-2)).toEqual(['sleep applied', 'wake applied']);
    expect((await world.look()).model?.idle).toBe(false);
    await world.round(10_000);
    expect((await world.look()).model?.idle).toBe(false);
  });
});
