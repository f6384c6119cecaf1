import { describe, expect, test } from '@jest/globals';
import {
  asModel,
  defaultPolicy,
  endedToJudge,
  type Job,
  type Observed,
  reconcileService,
  type ServiceId,
} from '@wakefield/domain';
import { eventually, SAMPLE_NOW } from '@wakefield/testkit';

import { useServices } from '../test/service-scene.ts';

const scene = useServices();

describe('what is over goes in its time', () => {
  const end = async (job: Job, at: number) =>
    scene().fixture.stores.jobs.patch(job.id, [job.phase], {
      ...{ phase: 'ended', outcome: 'failed', endedAt: at },
    });
  const keep = { least: 20, besideReplicas: 4 };
  const purgeable = async (before: number, limit = 10_000) => {
    const page = { limit, except: [] };
    return (await scene().fixture.stores.jobs.listPurgeable(before, keep, page)).map(
      ({ name }) => name,
    );
  };

  test('with the service, once all its jobs are old enough', async () => {
    const { services, jobs } = scene().fixture.stores;
    const service = await scene().start();
    const [first, second] = [
      await scene().submit(service, 1, '1'),
      await scene().submit(service, 2, '2'),
    ];
    await end(first, SAMPLE_NOW);
    await end(second, SAMPLE_NOW + 100);
    expect(await purgeable(SAMPLE_NOW + 200)).not.toContain(second.name);
    await scene().tell(service.id, { state: 'failed' });
    expect(await purgeable(SAMPLE_NOW + 50)).not.toContain(second.name);
    const names = [first.name, second.name];
    expect(await purgeable(SAMPLE_NOW + 200)).toEqual(expect.arrayContaining(names));
    expect(await services.purgeOver([first.name], 0)).toBe(0);
    expect(await services.purgeOver(names, 0)).toBe(1);
    expect(await services.get(service.id)).toBeNull();
    expect(await jobs.get(first.id)).toBeNull();
  });

  test('but not those by which one that goes on is judged', async () => {
    const { services, jobs } = scene().fixture.stores;
    const service = await scene().start({ keep: true });
    const needed = endedToJudge(asModel(service).spec, defaultPolicy);
    expect(needed).toBe(keep.besideReplicas + 1);
    const ended: Job[] = [];
    for (let seq = 1; seq <= needed + 1; seq += 1) {
      const job = await scene().submit(service, seq, `${seq}`);
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
    const { services, jobs } = scene().fixture.stores;
    const service = await scene().start({ keep: true });
    const verdict = async () => {
      const known = await jobs.listForService(service.id, keep.besideReplicas + 1);
      const observed: Observed = {
        ...{ jobs: known, demand: null, clusters: {}, history: {}, answering: [] },
      };
      return reconcileService(service, observed, defaultPolicy, SAMPLE_NOW + 1e9).state;
    };
    const mine: string[] = [];
    for (const seq of [1, 2, 3]) {
      const job = await scene().submit(service, seq, `${seq}`);
      await end(job, SAMPLE_NOW + seq * 600_000);
      await scene().fixture.sql(
        'update jobs set intended_at = ended_at - $1::interval where id = $2',
        [...['1 second', job.id]],
      );
      mine.push(job.name);
    }
    expect(await verdict()).toBe('failed');
    await scene().tell(service.id, { state: 'failed' });
    const old = SAMPLE_NOW + 2 * 600_000 + 1;
    expect((await purgeable(old)).filter((name) => mine.includes(name))).toEqual([]);
    expect(await jobs.purgeEnded(mine.slice(0, 1), keep)).toBe(0);
    expect(await services.purgeOver(mine.slice(0, 1), 0)).toBe(0);
    expect(await verdict()).toBe('failed');
    expect((await purgeable(old + 600_000)).filter((name) => mine.includes(name))).toEqual(mine);
  });

  test('without ever having had a job, too', async () => {
    const { services } = scene().fixture.stores;
    const [gone, waits] = [await scene().start(), await scene().start()];
    await scene().tell(gone.id, { state: 'stopped' });
    await scene().tell(waits.id, { state: 'pending' });
    await services.purgeOver([], SAMPLE_NOW);
    expect(await services.get(gone.id)).not.toBeNull();
    await services.purgeOver([], SAMPLE_NOW + 1);
    expect(await services.get(gone.id)).toBeNull();
    expect(await services.get(waits.id)).not.toBeNull();
  });

  test('but not one for which a job is intended at the same moment', async () => {
    const { stores, sql } = scene().fixture;
    const service = await scene().start({ keep: true });
    await scene().tell(service.id, { state: 'failed' });
    // Whoever reads services through this view has begun, and sees what was there then, but goes on later.
    await sql(`create schema slow`);
    await sql(`create table slow.gate as select 1`);
    await sql(`create function slow.pass() returns boolean language plpgsql volatile as $$ begin
      while exists (select from slow.gate) loop perform pg_sleep(0.01); end loop; return true; end $$`);
    await sql(`create view slow.services as
      select * from public.services where id = '${service.id}' and slow.pass()`);
    const url = new URL(scene().fixture.url);
    url.searchParams.set('options', '-c search_path=slow,public');
    const slow = scene().fixture.another({ databaseUrl: url.href, applicationName: 'slow' });
    const purged = slow.services.purgeOver([], SAMPLE_NOW + 1);
    await eventually('the purge has begun', async () => {
      const asleep = await sql(
        "select 1 from pg_stat_activity where application_name = 'slow' and wait_event = 'PgSleep'",
      );
      return asleep.length > 0 ? true : null;
    });
    const job = await scene().fixture.serviceJob(service, 1);
    await sql('delete from slow.gate');
    expect(await purged).toBe(0);
    expect(await stores.jobs.get(job.id)).not.toBeNull();
    expect(await stores.services.get(service.id)).not.toBeNull();
  });

  test('in pages that have all of one together', async () => {
    const first = await scene().start();
    const second = await scene().start();
    const names = new Map<ServiceId, string[]>();
    for (const seq of [1, 2])
      for (const service of [first, second]) {
        const job = await scene().submit(service, seq, `${seq}`);
        await end(job, 1_000 * seq);
        names.set(service.id, [...(names.get(service.id) ?? []), job.name]);
      }
    for (const { id } of [first, second]) await scene().tell(id, { state: 'failed' });
    const page = await purgeable(10_000, 2);
    expect([...names.values()]).toContainEqual(page);
    expect(await scene().fixture.stores.services.purgeOver(page, 0)).toBe(1);
  });
});
