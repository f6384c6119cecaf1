import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JobPatch, Stores } from '@wakefield/control';
import { defaultRouting, type Model, noLimits, noTimeouts } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, sampleSpec, storeFixture } from '@wakefield/testkit';
import { wake } from '../test/commands.ts';

let fixture: StoreFixture;
let stores: Stores;
let model: Model;

beforeAll(async () => {
  fixture = await storeFixture();
  stores = fixture.stores;
});
beforeEach(async () => {
  model = await fixture.model();
});
afterAll(() => fixture.close());

const applied = { status: 'applied', created: false } as const;
const serving: JobPatch = {
  phase: 'ready',
  address: { host: 'n01', port: 8000 },
  capacity: 32,
  readyAt: SAMPLE_NOW,
};

/** By how much the revision grows while something is done. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = await stores.routes.revision();
  await work();
  return (await stores.routes.revision()) - before;
}

async function routeOf({ id }: Model) {
  return (await stores.routes.load()).routes.find(({ modelId }) => modelId === id);
}

describe('load', () => {
  test('a reason is a sentence: what the engine wrote is for who reads the model', async () => {
    const lease = await fixture.lease(model.id);
    const reason = 'The engine ended with exit code 1. The end of its log:\nprompt: secret';
    const status = { state: 'failed', reason, because: [], expectedReady: null } as const;
    const plan = { generation: model.generation, patch: {}, status, lookAgainAt: SAMPLE_NOW };
    expect(await stores.models.savePlan(model.id, lease, plan, SAMPLE_NOW)).toBe(true);
    expect((await routeOf(model))?.reason).toBe('The engine ended with exit code 1.');
    expect((await stores.models.get(model.id))?.reason).toBe(reason);
  });

  test('until when a job may get requests: a little before its end', async () => {
    const life = { startedAt: SAMPLE_NOW, endsAt: SAMPLE_NOW + 60_000, walltimeSeconds: 60 };
    await fixture.job(model, 1, { ...serving, ...life });
    expect((await routeOf(model))?.endpoints).toMatchObject([{ servesUntil: SAMPLE_NOW + 57_000 }]);
  });

  test('registered models with the endpoints of their ready jobs, keys included', async () => {
    const job = await fixture.job(model, 1, serving);
    const second = await fixture.job(model, 2, { ...serving, capacity: null });
    await fixture.job(model, 3, { ...serving, phase: 'draining' });
    await fixture.job(model, 4, { ...serving, phase: 'starting' });
    await fixture.job(model, 5, { phase: 'ready' });
    await fixture.job(model, 6, { ...serving, phase: 'ended', endedAt: SAMPLE_NOW });
    const address = { host: 'n01', port: 8000 };
    const endpoint = { cluster: 'here', address, weight: 1, servesUntil: null };
    expect(await routeOf(model)).toEqual({
      expectedReady: null,
      timeouts: noTimeouts,
      limits: noLimits,
      modelId: model.id,
      project: model.project,
      hfModelId: 'acme/small',
      engine: 'simulator',
      state: 'not_loaded',
      idle: false,
      reason: null,
      createdAt: SAMPLE_NOW,
      routing: { policy: 'least_load', sessionHeader: 'x-session-id' },
      endpoints: [
        { ...endpoint, jobId: job.id, engineKey: 'secret-of-1', capacity: 32 },
        { ...endpoint, jobId: second.id, engineKey: 'secret-of-2', capacity: null },
      ],
    });
  });

  test('how requests are spread: by the policy of the model, and the weight of a cluster', async () => {
    const routing = { policy: 'session', sessionHeader: 'x-chat', weights: { here: 2 } } as const;
    const spread = await fixture.model({ spec: sampleSpec({ routing }) });
    await fixture.job(spread, 1, serving);
    expect(await routeOf(spread)).toMatchObject({
      routing: { policy: 'session', sessionHeader: 'x-chat' },
      endpoints: [{ weight: 2 }],
    });
  });

  test('models without endpoints and projects without models are there, unregistered ones are not', async () => {
    const gone = await fixture.model({ registered: false });
    await fixture.job(gone, 1, serving);
    const bare = await fixture.project();
    const table = await stores.routes.load();
    expect(table.projects).toEqual(expect.arrayContaining([bare, gone.project, model.project]));
    expect(table.revision).toBe(await stores.routes.revision());
    expect(await routeOf(model)).toMatchObject({ endpoints: [] });
    expect(await routeOf(gone)).toBeUndefined();
  });

  test('the jobs that may be at work on requests: routed to, draining, suspended', async () => {
    const gone = await fixture.model({ registered: false });
    const jobs = [await fixture.job(gone, 1, serving)];
    const kinds: readonly JobPatch[] = [
      serving,
      { ...serving, phase: 'draining' },
      { ...serving, phase: 'starting', address: null },
      { ...serving, phase: 'starting', readyAt: null },
      { ...serving, phase: 'draining', address: null },
      { ...serving, phase: 'queued', readyAt: null, address: null },
      { ...serving, phase: 'ended', endedAt: SAMPLE_NOW },
    ];
    for (const [index, kind] of kinds.entries()) {
      jobs.push(await fixture.job(model, index + 1, kind));
    }
    const all = (await stores.routes.load()).serving;
    const may = [true, true, true, true, false, false, false, false];
    expect(jobs.map(({ id }) => all.includes(id))).toEqual(may);
  });

  test('every table is of one moment, whatever is written meanwhile', async () => {
    // Each round takes a model's only endpoint away and gives it back at the next port, one revision each.
    const job = await fixture.job(model, 1, serving);
    const first = await stores.routes.revision();
    let writing = true;
    const writer = (async () => {
      for (let round = 1; round <= 40; round += 1) {
        await stores.jobs.patch(job.id, ['ready'], { phase: 'starting' });
        const address = { host: 'n01', port: 8000 + round };
        await stores.jobs.patch(job.id, ['starting'], { phase: 'ready', address });
      }
      writing = false;
    })();
    const reader = fixture.another().routes;
    while (writing) {
      const { revision, routes } = await reader.load();
      const steps = revision - first;
      const ports = routes
        .find(({ modelId }) => modelId === model.id)
        ?.endpoints.map(({ address }) => address.port);
      expect(ports).toEqual(steps % 2 === 0 ? [8000 + steps / 2] : []);
    }
    await writer;
  });
});

describe('the revision grows', () => {
  test('with a new project, not with a known one', async () => {
    const name = `p-${randomUUID()}`;
    expect(await growth(() => fixture.project(name))).toBe(1);
    expect(await growth(() => fixture.project(name))).toBe(0);
  });

  test.each([
    ['registered', { registered: false }],
    ['idle', { idle: true }],
    ['engine', { spec: sampleSpec({ engine: 'vllm' }) }],
    ['policy', { spec: sampleSpec({ routing: { ...defaultRouting, policy: 'prefix' } }) }],
    ['weights', { spec: sampleSpec({ routing: { ...defaultRouting, weights: { b: 2, a: 1 } } }) }],
    ['createdAt', { createdAt: SAMPLE_NOW + 1 }],
    ['timeouts', { spec: sampleSpec({ timeouts: { ...noTimeouts, totalSeconds: 60 } }) }],
    ['limits', { spec: sampleSpec({ limits: { ...noLimits, requestsPerMinute: 60 } }) }],
  ])('when a command changes %s', async (_what, change) => {
    const work = () =>
      fixture.carryOut(model.project, wake, { outcome: applied, model: { ...model, ...change } });
    expect(await growth(work)).toBe(1);
    expect(await growth(work)).toBe(0);
  });

  test('when a model is registered, and once when a new project comes with it', async () => {
    const project = await fixture.project();
    expect(await growth(() => fixture.model({ project }))).toBe(1);
    expect(
      await growth(() => fixture.model({ project, spec: sampleSpec({ hfModelId: 'b' }) })),
    ).toBe(1);
  });

  test('when a sleeping model is woken: who asks before the next plan is told that it waits', async () => {
    const woken = { ...model, idle: false, lastWakeupAt: SAMPLE_NOW + 1 };
    const wakeUp = { outcome: applied, model: woken };
    expect(await growth(() => fixture.carryOut(model.project, wake, wakeUp))).toBe(1);
    const table = await stores.routes.load();
    expect(table.routes.find(({ modelId }) => modelId === model.id)?.state).toBe('queued');
  });

  test('not when a command changes what no route shows, or is rejected', async () => {
    const change = { replicas: 3, lastRequestAt: SAMPLE_NOW + 1, revision: 2 };
    const unseen = { outcome: applied, model: { ...model, ...change } };
    expect(await growth(() => fixture.carryOut(model.project, wake, unseen))).toBe(0);
    const message = 'No.';
    const outcome = { status: 'rejected', code: 'invalid_request', message, param: null } as const;
    expect(await growth(() => fixture.carryOut(model.project, wake, { outcome }))).toBe(0);
    expect(await growth(() => fixture.accept(model.project, wake))).toBe(0);
  });

  test('when a plan changes idle, state or the reason of a failure, and not when it does not', async () => {
    const lease = await fixture.lease(model.id);
    const save = (
      state: 'not_loaded' | 'failed' | 'queued' | 'ready' | 'busy',
      reason: string | null,
      idle: boolean,
      because = 'x',
    ) =>
      growth(() =>
        stores.models.savePlan(
          model.id,
          lease,
          {
            generation: model.generation,
            patch: { idle, lastRequestAt: SAMPLE_NOW + Math.floor(Math.random() * 1e6) },
            status: { state, reason, because: [because], expectedReady: null },
            lookAgainAt: SAMPLE_NOW,
          },
          SAMPLE_NOW,
        ),
      );
    expect(await save('not_loaded', null, false)).toBe(0);
    expect(await save('queued', null, false)).toBe(1);
    expect(await save('queued', null, false, 'other words')).toBe(0);
    expect(await save('queued', 'Priority', false)).toBe(0);
    expect(await save('ready', null, false)).toBe(1);
    expect(await save('busy', null, false)).toBe(0);
    expect(await save('ready', 'Failed 1 of 3 times', false)).toBe(0);
    expect(await save('failed', 'out of memory', false)).toBe(1);
    expect(await save('failed', 'no such model', false)).toBe(1);
    expect(await save('failed', 'no such model', true)).toBe(1);
  });

  test('when it is expected at another time', async () => {
    const lease = await fixture.lease(model.id);
    const save = async (from: number | null) => {
      const expectedReady = from === null ? null : { from, to: SAMPLE_NOW + 60_000 };
      const status = { state: 'queued', reason: null, because: [], expectedReady } as const;
      const plan = { generation: model.generation, patch: {}, status, lookAgainAt: SAMPLE_NOW };
      const grown = await growth(() => stores.models.savePlan(model.id, lease, plan, SAMPLE_NOW));
      const { routes } = await stores.routes.load();
      expect(routes.find(({ modelId }) => modelId === model.id)).toMatchObject({ expectedReady });
      return grown;
    };
    await save(null);
    expect(await save(SAMPLE_NOW + 1)).toBe(1);
    expect(await save(SAMPLE_NOW + 1)).toBe(0);
    expect(await save(SAMPLE_NOW + 2)).toBe(1);
    expect(await save(null)).toBe(1);
  });

  test('not with the plan of an unregistered model', async () => {
    const gone = await fixture.model({ registered: false });
    const lease = await fixture.lease(gone.id);
    const status = { state: 'ready', reason: null, because: [], expectedReady: null } as const;
    const plan = { generation: 1, patch: { idle: true }, status, lookAgainAt: SAMPLE_NOW };
    expect(await growth(() => stores.models.savePlan(gone.id, lease, plan, SAMPLE_NOW))).toBe(0);
  });

  test('as a job becomes ready, moves, tells its capacity, drains and ends', async () => {
    const job = await fixture.job(model, 1, { phase: 'starting' });
    const patch = (from: 'starting' | 'ready' | 'draining', change: JobPatch) =>
      growth(() => stores.jobs.patch(job.id, [from], change));
    const address = { host: 'n01', port: 8000 };
    expect(await patch('starting', { address, node: 'n01', capacity: 8 })).toBe(0);
    expect(await patch('starting', { phase: 'ready' })).toBe(1);
    expect(await patch('ready', { address, capacity: 8, node: 'n02', reason: 'x' })).toBe(0);
    expect(await patch('ready', { endsAt: SAMPLE_NOW })).toBe(1);
    expect(await patch('ready', { address: { ...address, port: 8001 } })).toBe(1);
    expect(await patch('ready', { capacity: 9 })).toBe(1);
    expect(await patch('starting', { phase: 'ready', capacity: 10 })).toBe(0);
    expect(await patch('ready', { phase: 'draining' })).toBe(1);
    expect(await patch('draining', { phase: 'ended', endedAt: SAMPLE_NOW })).toBe(1);
  });

  test('as a job that was suspended or is completing ends, and not as one that never served', async () => {
    const job = await fixture.job(model, 1, serving);
    const other = await fixture.job(model, 2, { phase: 'starting' });
    const over = { phase: 'ended', address: null, endedAt: SAMPLE_NOW } as const;
    const patch = (change: JobPatch, id = job.id) =>
      growth(() => stores.jobs.patch(id, ['starting', 'ready'], change));
    expect(await patch({ phase: 'starting', address: null })).toBe(1);
    expect(await patch(over)).toBe(1);
    expect(await patch(over, other.id)).toBe(0);
  });

  test('by one for each of many changes at once', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(() => fixture.model()));
    const ready = await Promise.all(all.map((each) => fixture.job(each, 1)));
    const another = fixture.another();
    const work = () =>
      Promise.all(
        ready.map(({ id }, i) => (i % 2 ? stores : another).jobs.patch(id, ['intended'], serving)),
      );
    expect(await growth(work)).toBe(6);
  });
});
