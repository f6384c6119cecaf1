import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JobMove, ServiceStatus, ServiceToPlan } from '@wakefield/control';
import {
  asModel,
  defaultPolicy,
  endedToJudge,
  type Job,
  type Observed,
  reconcileService,
  type ServiceId,
  type ServiceSpec,
} from '@wakefield/domain';
import {
  eventually,
  SAMPLE_NOW,
  type StoreFixture,
  sampleServiceSpec,
  storeFixture,
} from '@wakefield/testkit';

let fixture: StoreFixture;
let project: string;
beforeAll(async () => {
  fixture = await storeFixture();
});
beforeEach(async () => {
  project = await fixture.project();
});
afterAll(() => fixture.close());

const LEASE_MS = 60_000;
const quiet = { limit: 100, after: null };
const all = { states: [], recipe: null };

/** Some service, as its command leaves it. */
async function start(spec: Partial<ServiceSpec> = {}, at = SAMPLE_NOW): Promise<ServiceToPlan> {
  const times = { createdAt: at, updatedAt: at };
  const over = { project, spec: sampleServiceSpec(spec), ...times };
  const { id } = await fixture.service(over);
  const service = await fixture.stores.services.get(id);
  if (service === null) throw new Error('not there');
  return service;
}

const submit = (service: ServiceToPlan, seq: number, clusterJobId: string): Promise<Job> =>
  fixture.serviceJob(service, seq, { phase: 'queued', clusterJobId });

async function leased<T>(id: ServiceId, work: (lease: Lease) => Promise<T>): Promise<T> {
  const { leases } = fixture.stores;
  const lease = await leases.acquire(`service:${id}`, 'tester', LEASE_MS);
  if (lease === null) throw new Error('somebody else has it');
  return await work(lease).finally(() => leases.release(lease));
}
type Lease = NonNullable<Awaited<ReturnType<StoreFixture['stores']['leases']['acquire']>>>;

async function tell(id: ServiceId, status: Partial<ServiceStatus>, over = {}): Promise<boolean> {
  const { services } = fixture.stores;
  const { generation = 0, dueCount = 0 } = (await services.get(id)) ?? {};
  return await leased(id, (lease) =>
    services.savePlan(
      id,
      lease,
      {
        ...{ generation, dueCount, expectedStarts: [], lookAgainAt: SAMPLE_NOW + 60_000 },
        notices: [],
        status: { state: 'running', reason: null, because: [], ...status },
        ...over,
      },
      SAMPLE_NOW + 1,
    ),
  );
}

describe('a service', () => {
  test('is due when its command was applied, and reads as it was written', async () => {
    const service = await start({ name: 'mine', recipe: 'vector/qdrant' });
    expect(service).toMatchObject({
      ...{ project, cluster: 'here', state: 'pending', reason: null, clusterJobId: null },
      spec: sampleServiceSpec({ name: 'mine', recipe: 'vector/qdrant' }),
    });
    expect(await fixture.stores.services.listDue(SAMPLE_NOW, 1_000)).toContain(service.id);
    expect(await fixture.stores.services.listDue(SAMPLE_NOW - 1, 1_000)).not.toContain(service.id);
  });

  test('is called by the id of its first job, and found by each', async () => {
    const { services } = fixture.stores;
    const service = await start();
    const found = async (id: string) =>
      (await services.lookUp(id, [project], null)).map((one) => one.service.id);
    await submit(service, 1, '4711');
    await submit(service, 2, '4712');
    expect((await services.get(service.id))?.clusterJobId).toBe('4711');
    for (const id of ['4711', '4712', service.id]) expect(await found(id)).toEqual([service.id]);
    for (const id of ['471', '', "' or true --", randomUUID()]) expect(await found(id)).toEqual([]);
    expect(await services.lookUp('4711', [], null)).toEqual([]);
    expect(await services.lookUp('4711', ['another'], null)).toEqual([]);
    expect(await services.lookUp('4711', [project], 'there')).toEqual([]);
    const [one] = await services.lookUp('4711', null, 'here');
    expect(one?.jobs.map(({ seq }) => seq)).toEqual([2, 1]);
  });

  test('is called by the first of those that get their ids at once', async () => {
    const { services, jobs, leases } = fixture.stores;
    const started = await Promise.all([1, 2, 3, 4, 5, 6].map(() => start()));
    const moves: JobMove[] = [];
    for (const seq of [2, 1])
      for (const service of started)
        moves.push({
          job: await fixture.serviceJob(service, seq),
          patch: { phase: 'queued', clusterJobId: `${service.id}/${seq}` },
        });
    const lease = await leases.acquire('cluster:here', 'tester', LEASE_MS);
    if (lease === null) throw new Error('somebody else has it');
    expect((await jobs.advance(lease, moves)).size).toBe(12);
    await leases.release(lease);
    for (const { id } of started) expect((await services.get(id))?.clusterJobId).toBe(`${id}/1`);
  });

  test('that lives comes before one that is over, whichever is newer', async () => {
    const { services } = fixture.stores;
    const old = await start({}, SAMPLE_NOW);
    const young = await start({}, SAMPLE_NOW + 1);
    for (const one of [old, young]) await submit(one, 1, '77');
    const order = async () =>
      (await services.lookUp('77', [project], null)).map(({ service }) => service.id);
    expect(await order()).toEqual([young.id, old.id]);
    await tell(young.id, { state: 'failed' });
    expect(await order()).toEqual([old.id, young.id]);
  });

  test('is listed newest first, page by page, by state and recipe', async () => {
    const { services } = fixture.stores;
    const ids: ServiceId[] = [];
    for (let count = 0; count < 5; count += 1)
      ids.unshift((await start({ recipe: `a/${count % 2}` }, SAMPLE_NOW + (count >> 1))).id);
    const list = async (filter: object, page: object = {}) =>
      (await services.list({ projects: [project], ...all, ...filter }, { ...quiet, ...page })).map(
        ({ service }) => service.id,
      );
    const sorted = await list({});
    expect([...sorted].sort()).toEqual([...ids].sort());
    const pages: ServiceId[] = [];
    for (let after: ServiceId | null = null; ; after = pages.at(-1) ?? null) {
      const page = await list({}, { limit: 2, after });
      if (page.length === 0) break;
      pages.push(...page);
    }
    expect(pages).toEqual(sorted);
    await tell(ids[0] ?? '', { state: 'failed' });
    expect(await list({ states: ['failed'] })).toEqual([ids[0]]);
    expect(await list({ recipe: 'a/1' })).toHaveLength(2);
    expect(await list({ projects: [] })).toEqual([]);
    expect(await list({}, { after: randomUUID() })).toEqual([]);
  });
});

describe('a plan', () => {
  test('is not written when a command or a job came in between', async () => {
    const { services, jobs, leases } = fixture.stores;
    const { id } = await start();
    expect(await tell(id, { state: 'starting' })).toBe(true);
    expect(await tell(id, { state: 'running' }, { generation: 7 })).toBe(false);
    const job = await submit((await services.get(id)) as ServiceToPlan, 1, '1');
    const lease = await leases.acquire('cluster:here', 'tester', LEASE_MS);
    if (lease === null) throw new Error('somebody else has it');
    await jobs.advance(lease, [{ job, patch: { phase: 'starting', building: true } }]);
    await leases.release(lease);
    expect(await tell(id, { state: 'running' }, { dueCount: 0 })).toBe(false);
    expect(await services.get(id)).toMatchObject({ state: 'starting', dueCount: 2 });
    expect(await services.listDue(SAMPLE_NOW + 1, 1_000)).toContain(id);
  });

  test('changes routes where people see a difference', async () => {
    const { routes } = fixture.stores;
    const { id } = await start();
    const bumped = async (status: Partial<ServiceStatus>) => {
      const before = await routes.revision();
      await tell(id, status);
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

describe('routes', () => {
  test('have the endpoint of a job that is ready, its key, and all its names', async () => {
    const { jobs, routes } = fixture.stores;
    const service = await start({ model: 'a/b', recipe: 'inference/x' });
    const route = async () =>
      (await routes.load()).services.find(({ serviceId }) => serviceId === service.id);
    expect(await route()).toMatchObject({ endpoint: null, state: 'pending', clusterJobIds: [] });
    const before = await routes.revision();
    const job = await submit(service, 1, '900');
    expect(await routes.revision()).toBeGreaterThan(before);
    expect(await route()).toMatchObject({ endpoint: null, clusterJobIds: ['900'] });
    const address = { host: 'cn01', port: 20_001 };
    await jobs.patch(job.id, ['queued'], { phase: 'ready', address, readyAt: SAMPLE_NOW });
    expect(await route()).toEqual({
      ...{ serviceId: service.id, project, recipe: 'inference/x', model: 'a/b' },
      ...{ state: 'pending', reason: null, access: service.spec.access, clusterJobIds: ['900'] },
      endpoint: { jobId: job.id, cluster: 'here', address, key: 'secret-of-1' },
    });
    expect((await routes.load()).routes.some(({ modelId }) => modelId === service.id)).toBe(false);
    expect((await routes.load()).serving).toContain(job.id);
  });

  test('say why only of what is over', async () => {
    const { id } = await start();
    await tell(id, { state: 'pending', reason: 'Resources' });
    const { services } = await fixture.stores.routes.load();
    expect(services.find(({ serviceId }) => serviceId === id)?.reason).toBeNull();
  });

  test('are found among a week of others by an index', async () => {
    const url = new URL(fixture.url);
    url.searchParams.set('options', '-c enable_seqscan=off');
    const { routes } = fixture.another({ databaseUrl: url.href });
    await eventually('the index is used', async () => {
      await routes.load();
      const [index] = await fixture.sql(
        "select idx_scan from pg_stat_user_indexes where indexrelname = 'services_live'",
      );
      return Number(index?.idx_scan ?? 0) > 0 ? true : null;
    });
  });

  test('know for a while what has come to its end', async () => {
    const { id } = await start({}, Date.now());
    await tell(id, { state: 'failed', reason: 'It broke. The end of its log:\nsecret' });
    const { services } = await fixture.stores.routes.load();
    expect(services.find(({ serviceId }) => serviceId === id)).toMatchObject({
      state: 'failed',
      reason: 'It broke.',
    });
  });
});

test('what a prober needs of it is its recipe, its model and its base path', async () => {
  const access = { ...sampleServiceSpec().access, underBasePath: true };
  const service = await start({ recipe: 'notebook/x', model: null, access });
  const job = await submit(service, 1, '901');
  expect(await fixture.stores.jobs.listEngines([job.id])).toEqual([
    {
      ...{ jobId: job.id, engineKey: 'secret-of-1', engine: 'notebook/x', hfModelId: null },
      basePath: `/api/v1/services/${service.id}/proxy`,
    },
  ]);
});

test('its GPUs count for its project', async () => {
  const resources = { ...sampleServiceSpec().resources, nodes: 2, gpu: 3 };
  await submit(await start({ resources }), 1, '902');
  expect((await fixture.stores.jobs.countUse('here', project)).project).toEqual({
    ...{ jobs: 1, gpus: 6 },
  });
});

describe('what is over goes in its time', () => {
  const end = async (job: Job, at: number) =>
    fixture.stores.jobs.patch(job.id, [job.phase], {
      ...{ phase: 'ended', outcome: 'failed', endedAt: at },
    });
  const keep = { least: 20, besideReplicas: 4 };
  const purgeable = async (before: number, limit = 10_000) => {
    const page = { limit, except: [] };
    return (await fixture.stores.jobs.listPurgeable(before, keep, page)).map(({ name }) => name);
  };

  test('with the service, once all its jobs are old enough', async () => {
    const { services, jobs } = fixture.stores;
    const service = await start();
    const [first, second] = [await submit(service, 1, '1'), await submit(service, 2, '2')];
    await end(first, SAMPLE_NOW);
    await end(second, SAMPLE_NOW + 100);
    expect(await purgeable(SAMPLE_NOW + 200)).not.toContain(second.name);
    await tell(service.id, { state: 'failed' });
    expect(await purgeable(SAMPLE_NOW + 50)).not.toContain(second.name);
    const names = [first.name, second.name];
    expect(await purgeable(SAMPLE_NOW + 200)).toEqual(expect.arrayContaining(names));
    expect(await services.purgeOver([first.name], 0)).toBe(0);
    expect(await services.purgeOver(names, 0)).toBe(1);
    expect(await services.get(service.id)).toBeNull();
    expect(await jobs.get(first.id)).toBeNull();
  });

  test('but not those by which one that goes on is judged', async () => {
    const { services, jobs } = fixture.stores;
    const service = await start({ keep: true });
    const needed = endedToJudge(asModel(service).spec, defaultPolicy);
    expect(needed).toBe(keep.besideReplicas + 1);
    const ended: Job[] = [];
    for (let seq = 1; seq <= needed + 1; seq += 1) {
      const job = await submit(service, seq, `${seq}`);
      await end(job, SAMPLE_NOW);
      ended.push(job);
    }
    const mine = ended.map(({ name }) => name);
    const listed = await purgeable(SAMPLE_NOW + 200);
    expect(mine.filter((name) => listed.includes(name))).toEqual(mine.slice(0, 1));
    expect(await jobs.purgeEnded(mine, keep)).toBe(1);
    expect(await services.purgeOver(mine, 0)).toBe(0);
    expect((await jobs.listForService(service.id, 99)).map(({ seq }) => seq)).toEqual(
      ended
        .slice(1)
        .map((job) => job.seq)
        .reverse(),
    );
    expect((await services.get(service.id))?.clusterJobId).toBe('1');
  });

  test('together, so that one that gave up does not start again', async () => {
    const { services, jobs } = fixture.stores;
    const service = await start({ keep: true });
    const verdict = async () => {
      const known = await jobs.listForService(service.id, keep.besideReplicas + 1);
      const observed: Observed = {
        ...{ jobs: known, demand: null, clusters: {}, history: {}, answering: [] },
      };
      return reconcileService(service, observed, defaultPolicy, SAMPLE_NOW + 1e9).state;
    };
    const mine: string[] = [];
    for (const seq of [1, 2, 3]) {
      const job = await submit(service, seq, `${seq}`);
      await end(job, SAMPLE_NOW + seq * 600_000);
      await fixture.sql('update jobs set intended_at = ended_at - $1::interval where id = $2', [
        ...['1 second', job.id],
      ]);
      mine.push(job.name);
    }
    expect(await verdict()).toBe('failed');
    await tell(service.id, { state: 'failed' });
    const old = SAMPLE_NOW + 2 * 600_000 + 1;
    expect((await purgeable(old)).filter((name) => mine.includes(name))).toEqual([]);
    expect(await jobs.purgeEnded(mine.slice(0, 1), keep)).toBe(0);
    expect(await services.purgeOver(mine.slice(0, 1), 0)).toBe(0);
    expect(await verdict()).toBe('failed');
    expect((await purgeable(old + 600_000)).filter((name) => mine.includes(name))).toEqual(mine);
  });

  test('without ever having had a job, too', async () => {
    const { services } = fixture.stores;
    const [gone, waits] = [await start(), await start()];
    await tell(gone.id, { state: 'stopped' });
    await tell(waits.id, { state: 'pending' });
    await services.purgeOver([], SAMPLE_NOW);
    expect(await services.get(gone.id)).not.toBeNull();
    await services.purgeOver([], SAMPLE_NOW + 1);
    expect(await services.get(gone.id)).toBeNull();
    expect(await services.get(waits.id)).not.toBeNull();
  });

  test('but not one for which a job is intended at the same moment', async () => {
    const { stores, sql } = fixture;
    const service = await start({ keep: true });
    await tell(service.id, { state: 'failed' });
    // Whoever reads services through this view has begun, and sees what was there then, but goes on later.
    await sql(`create schema slow`);
    await sql(`create table slow.gate as select 1`);
    await sql(`create function slow.pass() returns boolean language plpgsql volatile as $$ begin
      while exists (select from slow.gate) loop perform pg_sleep(0.01); end loop; return true; end $$`);
    await sql(`create view slow.services as
      select * from public.services where id = '${service.id}' and slow.pass()`);
    const url = new URL(fixture.url);
    url.searchParams.set('options', '-c search_path=slow,public');
    const slow = fixture.another({ databaseUrl: url.href, applicationName: 'slow' });
    const purged = slow.services.purgeOver([], SAMPLE_NOW + 1);
    await eventually('the purge has begun', async () => {
      const asleep = await sql(
        "select 1 from pg_stat_activity where application_name = 'slow' and wait_event = 'PgSleep'",
      );
      return asleep.length > 0 ? true : null;
    });
    const job = await fixture.serviceJob(service, 1);
    await sql('delete from slow.gate');
    expect(await purged).toBe(0);
    expect(await stores.jobs.get(job.id)).not.toBeNull();
    expect(await stores.services.get(service.id)).not.toBeNull();
  });

  test('in pages that have all of one together', async () => {
    const first = await start();
    const second = await start();
    const names = new Map<ServiceId, string[]>();
    for (const seq of [1, 2])
      for (const service of [first, second]) {
        const job = await submit(service, seq, `${seq}`);
        await end(job, 1_000 * seq);
        names.set(service.id, [...(names.get(service.id) ?? []), job.name]);
      }
    for (const { id } of [first, second]) await tell(id, { state: 'failed' });
    const page = await purgeable(10_000, 2);
    expect([...names.values()]).toContainEqual(page);
    expect(await fixture.stores.services.purgeOver(page, 0)).toBe(1);
  });
});
