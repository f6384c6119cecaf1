import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Notice, NoticeKind, Service } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';

let fixture: StoreFixture;
let service: Service;
beforeAll(async () => {
  fixture = await storeFixture();
});
beforeEach(async () => {
  await fixture.sql('delete from service_notices');
  service = await fixture.service();
});
afterAll(() => fixture.close());

const day = 86_400_000;

const notice = (kind: NoticeKind, seq = 1, at = SAMPLE_NOW): Notice => ({
  ...{ serviceId: service.id, kind, seq, at },
  facts: {
    ...{ clusterJobId: '4711', name: 'mine', recipe: 'vector/qdrant', project: service.project },
    ...{ cluster: 'here', state: 'running', reason: 'a\0b', endsAt: SAMPLE_NOW + 1 },
  },
});

/** Saves a plan that tells this. @returns whether it was saved */
async function plan(
  notices: readonly Notice[],
  over: { generation?: number; token?: number } = {},
): Promise<boolean> {
  const { services, leases } = fixture.stores;
  const lease = await leases.acquire(`service:${service.id}`, 'tester', 60_000);
  if (lease === null) throw new Error('somebody else has it');
  const rest = { dueCount: 0, expectedStarts: [], lookAgainAt: SAMPLE_NOW + 60_000 };
  const status = { state: 'running', reason: null, because: [] } as const;
  const { generation = 1, token = lease.token } = over;
  try {
    const whole = { generation, ...rest, status, notices };
    return await services.savePlan(service.id, { ...lease, token }, whole, SAMPLE_NOW + 1);
  } finally {
    await leases.release(lease);
  }
}

const waiting = async () => await fixture.stores.notices.listWaiting(service.id, 10);
const kinds = async () => (await waiting()).map(({ kind, seq }) => `${seq} ${kind}`);

describe('what a plan tells', () => {
  test('waits, as it was, in the order in which it was told', async () => {
    await plan([notice('running'), notice('ending')]);
    await plan([notice('completed')]);
    expect(await kinds()).toEqual(['1 running', '1 ending', '1 completed']);
    const [first] = await waiting();
    const { facts } = notice('running');
    expect(first).toEqual({
      ...notice('running'),
      facts: { ...facts, reason: 'a\uFFFDb' },
      ...{ tries: 0, nextTryAt: SAMPLE_NOW + 1 },
    });
  });

  test('is told once of each job: what stands, stands', async () => {
    await plan([notice('ending'), notice('ending')]);
    await plan([notice('ending', 1, SAMPLE_NOW + 5), notice('ending', 2)]);
    await fixture.stores.notices.settle(notice('ending'), 'delivered', SAMPLE_NOW);
    await plan([notice('ending', 1, SAMPLE_NOW + 9)]);
    expect(await kinds()).toEqual(['2 ending']);
    const rows = await fixture.sql('select seq, outcome from service_notices order by seq');
    expect(rows).toEqual([
      { seq: 1, outcome: 'delivered' },
      { seq: 2, outcome: null },
    ]);
  });

  test('is written with it or not at all', async () => {
    expect(await plan([notice('running')], { generation: 9 })).toBe(false);
    await expect(plan([notice('running')], { token: 0 })).rejects.toThrow('lost');
    expect(await kinds()).toEqual([]);
    const state = await fixture.stores.services.get(service.id);
    expect(state).toMatchObject({ state: 'pending' });
  });

  test('outlives the service', async () => {
    await plan([notice('running')]);
    await fixture.sql('delete from services where id = $1', [service.id]);
    expect(await kinds()).toEqual(['1 running']);
  });
});

describe('a notice', () => {
  test('is due until it is settled, put off or not', async () => {
    const { notices } = fixture.stores;
    await plan([notice('running'), notice('ending')]);
    expect(await notices.listDue(SAMPLE_NOW, 10)).toEqual([]);
    expect(await notices.listDue(SAMPLE_NOW + 1, 10)).toEqual([service.id]);
    await notices.putOff(notice('running'), SAMPLE_NOW + 100);
    expect(await notices.listDue(SAMPLE_NOW + 1, 10)).toEqual([service.id]);
    await notices.putOff(notice('ending'), SAMPLE_NOW + 200);
    expect(await notices.listDue(SAMPLE_NOW + 99, 10)).toEqual([]);
    expect(await notices.listDue(SAMPLE_NOW + 100, 10)).toEqual([service.id]);
    expect(await waiting()).toMatchObject([{ tries: 1 }, { tries: 1 }]);
    await notices.settle(notice('running'), 'given_up', SAMPLE_NOW + 100);
    expect(await notices.listDue(SAMPLE_NOW + 199, 10)).toEqual([]);
    await notices.settle(notice('ending'), 'delivered', SAMPLE_NOW + 200);
    expect(await notices.listDue(SAMPLE_NOW + day, 10)).toEqual([]);
  });

  test('that is settled stays so, whoever tried it meanwhile', async () => {
    const { notices } = fixture.stores;
    await plan([notice('running')]);
    await notices.settle(notice('running'), 'delivered', SAMPLE_NOW + 5);
    await notices.putOff(notice('running'), SAMPLE_NOW + 10);
    await notices.settle(notice('running'), 'given_up', SAMPLE_NOW + 10);
    const [row] = await fixture.sql('select outcome, tries, next_try_at from service_notices');
    expect(row).toEqual({ outcome: 'delivered', tries: 1, next_try_at: null });
  });

  test('goes some time after it was settled, and one that nobody tries in its time', async () => {
    const { notices } = fixture.stores;
    await plan([notice('running'), notice('ending', 1, SAMPLE_NOW + 50), notice('failed', 2)]);
    await notices.settle(notice('running'), 'delivered', SAMPLE_NOW + 100);
    expect(await notices.purge(SAMPLE_NOW + 100, SAMPLE_NOW)).toBe(0);
    expect(await notices.purge(SAMPLE_NOW + 101, SAMPLE_NOW)).toBe(1);
    expect(await notices.purge(SAMPLE_NOW + 101, SAMPLE_NOW + 50)).toBe(1);
    expect(await kinds()).toEqual(['1 ending']);
  });

  test('of which nobody can be told is none', async () => {
    const { notices } = fixture.stores;
    expect(await notices.listWaiting('x', 10)).toEqual([]);
    expect(await notices.listWaiting(randomUUID(), 10)).toEqual([]);
    expect(await notices.oldestWaiting()).toBeNull();
    await plan([notice('running', 1, SAMPLE_NOW + 7), notice('ending', 1, SAMPLE_NOW + 3)]);
    expect(await notices.oldestWaiting()).toBe(SAMPLE_NOW + 3);
  });
});

describe('figures of services', () => {
  test('count them by project and state', async () => {
    const { project } = service;
    const other = await fixture.service({ project });
    await fixture.service({ project });
    await fixture.verdict(other, { state: 'failed' });
    const counts = (await fixture.stores.services.count()).filter((row) => row.project === project);
    expect(counts.toSorted((a, b) => a.count - b.count)).toEqual([
      { project, state: 'failed', count: 1 },
      { project, state: 'pending', count: 2 },
    ]);
  });

  test('have the ends of those that nothing follows', async () => {
    const { project, spec } = service;
    const endsAt = SAMPLE_NOW + 60_000;
    const kept = await fixture.service({ project, spec: { ...spec, keep: true } });
    const stopped = await fixture.service({ project, stopRequested: true });
    const over = await fixture.service({ project });
    for (const one of [service, kept, stopped])
      await fixture.serviceJob(one, 1, { phase: 'ready', endsAt });
    await fixture.serviceJob(over, 1, { phase: 'ended', endsAt, endedAt: endsAt });
    await fixture.serviceJob(service, 2, { phase: 'queued' });
    const ends = (await fixture.stores.services.listEnds()).filter(
      (row) => row.project === project,
    );
    expect(ends).toEqual([{ id: service.id, project, endsAt }]);
  });
});
