import { describe, expect, test } from '@jest/globals';
import { eventually, SAMPLE_NOW, sampleServiceSpec } from '@wakefield/testkit';

import { useServices } from '../test/service-scene.ts';

const scene = useServices();

describe('routes', () => {
  test('have the endpoint of a job that is ready, its key, and all its names', async () => {
    const { jobs, routes } = scene().fixture.stores;
    const service = await scene().start({ model: 'a/b', recipe: 'inference/x' });
    const route = async () =>
      (await routes.load()).services.find(({ serviceId }) => serviceId === service.id);
    expect(await route()).toMatchObject({ endpoint: null, state: 'pending', clusterJobIds: [] });
    const before = await routes.revision();
    const job = await scene().submit(service, 1, '900');
    expect(await routes.revision()).toBeGreaterThan(before);
    expect(await route()).toMatchObject({ endpoint: null, clusterJobIds: ['900'] });
    const address = { host: 'cn01', port: 20_001 };
    await jobs.patch(job.id, ['queued'], { phase: 'ready', address, readyAt: SAMPLE_NOW });
    expect(await route()).toEqual({
      ...{ serviceId: service.id, project: scene().project, recipe: 'inference/x', model: 'a/b' },
      cluster: 'here',
      ...{ state: 'pending', reason: null, access: service.spec.access, clusterJobIds: ['900'] },
      endpoint: { jobId: job.id, cluster: 'here', address, key: 'secret-of-1' },
    });
    expect((await routes.load()).routes.some(({ modelId }) => modelId === service.id)).toBe(false);
    expect((await routes.load()).serving).toContain(job.id);
  });

  test('say why only of what is over', async () => {
    const { id } = await scene().start();
    await scene().tell(id, { state: 'pending', reason: 'Resources' });
    const { services } = await scene().fixture.stores.routes.load();
    expect(services.find(({ serviceId }) => serviceId === id)?.reason).toBeNull();
  });

  test('are found among a week of others by an index', async () => {
    const url = new URL(scene().fixture.url);
    url.searchParams.set('options', '-c enable_seqscan=off');
    const { routes } = scene().fixture.another({ databaseUrl: url.href });
    await eventually('the index is used', async () => {
      await routes.load();
      const [index] = await scene().fixture.sql(
        "select idx_scan from pg_stat_user_indexes where indexrelname = 'services_live'",
      );
      return Number(index?.idx_scan ?? 0) > 0 ? true : null;
    });
  });

  test('know for a while what has come to its end', async () => {
    const { id } = await scene().start({}, Date.now());
    await scene().tell(id, { state: 'failed', reason: 'It broke. The end of its log:\nsecret' });
    const { services } = await scene().fixture.stores.routes.load();
    expect(services.find(({ serviceId }) => serviceId === id)).toMatchObject({
      state: 'failed',
      reason: 'It broke.',
    });
  });
});

test('what a prober needs of it is its recipe, its model and its base path', async () => {
  const access = { ...sampleServiceSpec().access, underBasePath: true };
  const service = await scene().start({ recipe: 'notebook/x', model: null, access });
  const job = await scene().submit(service, 1, '901');
  expect(await scene().fixture.stores.jobs.listEngines([job.id])).toEqual([
    {
      ...{ jobId: job.id, engineKey: 'secret-of-1', engine: 'notebook/x', hfModelId: null },
      basePath: `/api/v1/services/${service.id}/proxy`,
    },
  ]);
});

test('its GPUs count for its project', async () => {
  const resources = { ...sampleServiceSpec().resources, nodes: 2, gpu: 3 };
  await scene().submit(await scene().start({ resources }), 1, '902');
  expect((await scene().fixture.stores.jobs.countUse('here', scene().project)).project).toEqual({
    ...{ jobs: 1, gpus: 6 },
  });
});
