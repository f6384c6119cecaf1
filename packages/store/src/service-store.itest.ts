import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { JobMove, ServiceStatus, ServiceToPlan } from '@wakefield/control';
import type { ServiceId } from '@wakefield/domain';
import { SAMPLE_NOW, sampleServiceSpec } from '@wakefield/testkit';

import { useServices } from '../test/service-scene.ts';

const scene = useServices();
const LEASE_MS = 60_000;
const quiet = { limit: 100, after: null };
const all = { states: [], recipe: null };

describe('a service', () => {
  test('is due when its command was applied, and reads as it was written', async () => {
    const service = await scene().start({ name: 'mine', recipe: 'vector/qdrant' });
    expect(service).toMatchObject({
      ...{
        project: scene().project,
        cluster: 'here',
        state: 'pending',
        reason: null,
        clusterJobId: null,
      },
      spec: sampleServiceSpec({ name: 'mine', recipe: 'vector/qdrant' }),
    });
    expect(await scene().fixture.stores.services.listDue(SAMPLE_NOW, 1_000)).toContain(service.id);
    expect(await scene().fixture.stores.services.listDue(SAMPLE_NOW - 1, 1_000)).not.toContain(
      service.id,
    );
  });

  test('is called by the id of its first job, and found by each', async () => {
    const { services } = scene().fixture.stores;
    const service = await scene().start();
    const found = async (id: string) =>
      (await services.lookUp(id, [scene().project], null)).map((one) => one.service.id);
    await scene().submit(service, 1, '4711');
    await scene().submit(service, 2, '4712');
    expect((await services.get(service.id))?.clusterJobId).toBe('4711');
    for (const id of ['4711', '4712', service.id]) expect(await found(id)).toEqual([service.id]);
    for (const id of ['471', '', "' or true --", randomUUID()]) expect(await found(id)).toEqual([]);
    expect(await services.lookUp('4711', [], null)).toEqual([]);
    expect(await services.lookUp('4711', ['another'], null)).toEqual([]);
    expect(await services.lookUp('4711', [scene().project], 'there')).toEqual([]);
    const [one] = await services.lookUp('4711', null, 'here');
    expect(one?.jobs.map(({ seq }) => seq)).toEqual([2, 1]);
  });

  test('is called by the first of those that get their ids at once', async () => {
    const { services, jobs, leases } = scene().fixture.stores;
    const started = await Promise.all([1, 2, 3, 4, 5, 6].map(() => scene().start()));
    const moves: JobMove[] = [];
    for (const seq of [2, 1])
      for (const service of started)
        moves.push({
          job: await scene().fixture.serviceJob(service, seq),
          patch: { phase: 'queued', clusterJobId: `${service.id}/${seq}` },
        });
    const lease = await leases.acquire('cluster:here', 'tester', LEASE_MS);
    if (lease === null) throw new Error('somebody else has it');
    expect((await jobs.advance(lease, moves)).size).toBe(12);
    await leases.release(lease);
    for (const { id } of started) expect((await services.get(id))?.clusterJobId).toBe(`${id}/1`);
  });

  test('that lives comes before one that is over, whichever is newer', async () => {
    const { services } = scene().fixture.stores;
    const old = await scene().start({}, SAMPLE_NOW);
    const young = await scene().start({}, SAMPLE_NOW + 1);
    for (const one of [old, young]) await scene().submit(one, 1, '77');
    const order = async () =>
      (await services.lookUp('77', [scene().project], null)).map(({ service }) => service.id);
    expect(await order()).toEqual([young.id, old.id]);
    await scene().tell(young.id, { state: 'failed' });
    expect(await order()).toEqual([old.id, young.id]);
  });

  test('is listed newest first, page by page, by state and recipe', async () => {
    const { services } = scene().fixture.stores;
    const ids: ServiceId[] = [];
    for (let count = 0; count < 5; count += 1)
      ids.unshift(
        (await scene().start({ recipe: `a/${count % 2}` }, SAMPLE_NOW + (count >> 1))).id,
      );
    const list = async (filter: object, page: object = {}) =>
      (
        await services.list(
          { projects: [scene().project], ...all, ...filter },
          { ...quiet, ...page },
        )
      ).map(({ service }) => service.id);
    const sorted = await list({});
    expect([...sorted].sort()).toEqual([...ids].sort());
    const pages: ServiceId[] = [];
    for (let after: ServiceId | null = null; ; after = pages.at(-1) ?? null) {
      const page = await list({}, { limit: 2, after });
      if (page.length === 0) break;
      pages.push(...page);
    }
    expect(pages).toEqual(sorted);
    await scene().tell(ids[0] ?? '', { state: 'failed' });
    expect(await list({ states: ['failed'] })).toEqual([ids[0]]);
    expect(await list({ recipe: 'a/1' })).toHaveLength(2);
    expect(await list({ projects: [] })).toEqual([]);
    expect(await list({}, { after: randomUUID() })).toEqual([]);
  });
});

describe('a plan', () => {
  test('is not written when a command or a job came in between', async () => {
    const { services, jobs, leases } = scene().fixture.stores;
    const { id } = await scene().start();
    expect(await scene().tell(id, { state: 'starting' })).toBe(true);
    expect(await scene().tell(id, { state: 'running' }, { generation: 7 })).toBe(false);
    const job = await scene().submit((await services.get(id)) as ServiceToPlan, 1, '1');
    const lease = await leases.acquire('cluster:here', 'tester', LEASE_MS);
    if (lease === null) throw new Error('somebody else has it');
    await jobs.advance(lease, [{ job, patch: { phase: 'starting', building: true } }]);
    await leases.release(lease);
    expect(await scene().tell(id, { state: 'running' }, { dueCount: 0 })).toBe(false);
    expect(await services.get(id)).toMatchObject({ state: 'starting', dueCount: 2 });
    expect(await services.listDue(SAMPLE_NOW + 1, 1_000)).toContain(id);
  });

  test('changes routes where people see a difference', async () => {
    const { routes } = scene().fixture.stores;
    const { id } = await scene().start();
    const bumped = async (status: Partial<ServiceStatus>) => {
      const before = await routes.revision();
      await scene().tell(id, status);
      return (await routes.revision()) > before;
    };
    expect(await bumped({ state: 'starting' })).toBe(true);
    expect(await bumped({ state: 'starting', because: ['x'] })).toBe(false);
    expect(await bumped({ state: 'starting', reason: 'Resources' })).toBe(false);
    expect(await bumped({ state: 'starting', reason: 'Priority' })).toBe(false);
    expect(await bumped({ state: 'failed', reason: 'why' })).toBe(true);
    expect(await bumped({ state: 'failed', reason: 'in other words' })).toBe(true);
    expect(await bumped({ state: 'failed', reason: 'in other words' })).toBe(false);
  });
});
