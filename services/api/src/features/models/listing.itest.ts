import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { sampleModel, sampleSpec } from '@wakefield/testkit';
import { apiSuite } from '../../../test/api-suite.ts';

const reads: string[] = [];
const api = apiSuite({
  scheduler: false,
  storesOf: (stores) => ({
    ...stores,
    models: counted('models', stores.models),
    jobs: counted('jobs', stores.jobs),
    projects: counted('projects', stores.projects),
    commands: counted('commands', stores.commands),
  }),
});

/** The same store, noting every call. */
function counted<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get: (inner, key, receiver) => {
      reads.push(`${name}.${String(key)}`);
      return Reflect.get(inner, key, receiver);
    },
  });
}

async function modelOf(project: string, hfModelId: string) {
  return await api.store.model({
    ...sampleModel({ id: randomUUID(), project }),
    spec: sampleSpec({ hfModelId }),
  });
}

describe('listing models', () => {
  it('shows jobs with live metrics, and nulls where there are none', async () => {
    const project = await api.store.project('with-jobs');
    const model = await modelOf(project, 'a/busy');
    const startedAt = 1_790_000_000_000;
    const busy = await api.store.job(model, 1, {
      phase: 'ready',
      clusterJobId: '4711',
      node: 'node-1',
      submittedAt: startedAt,
      startedAt,
      endsAt: startedAt + 3_600_000,
      readyAt: startedAt,
    });
    const starting = await api.store.job(model, 2, { phase: 'starting', clusterJobId: '4712' });
    const queued = await api.store.job(model, 3, { phase: 'queued', reason: 'Resources' });
    const draining = await api.store.job(model, 4, { phase: 'draining' });
    await api.store.job(model, 5, { phase: 'ended', outcome: 'as_asked', endedAt: startedAt });
    await api.publishMetrics(busy.id, {
      gpuUtilization: 71,
      waitingRequests: 0,
      runningRequests: 3,
    });
    const none = { gpu_utilization: null, waiting_requests: null, running_requests: null };
    const { body } = await api.call('GET', '/p/with-jobs/models');
    expect(body).toHaveLength(1);
    expect(body[0].jobs).toEqual([
      {
        id: busy.id,
        state: 'busy',
        cluster: 'here',
        cluster_job_id: '4711',
        node: 'node-1',
        submitted_at: new Date(startedAt).toISOString(),
        started_at: new Date(startedAt).toISOString(),
        ends_at: new Date(startedAt + 3_600_000).toISOString(),
        reason: null,
        successor_of: null,
        draining: false,
        expected_start: null,
        metrics: { gpu_utilization: 71, waiting_requests: 0, running_requests: 3 },
      },
      expect.objectContaining({ id: starting.id, state: 'loading', metrics: none }),
      expect.objectContaining({ id: queued.id, state: 'queued', reason: 'Resources' }),
      expect.objectContaining({ id: draining.id, state: 'draining', draining: true }),
    ]);
    expect((await api.call('GET', '/p/with-jobs/models/a/busy')).body).toEqual(body[0]);
  });

  it('costs the same reads for one model as for thirty', async () => {
    const project = await api.store.project('many');
    const cost = async () => {
      reads.length = 0;
      const { body } = await api.call('GET', '/p/many/models');
      return [body.length, [...reads].sort()];
    };
    await modelOf(project, 'a/00');
    const one = await cost();
    for (let n = 1; n < 30; n += 1) {
      const model = await modelOf(project, `a/${String(n).padStart(2, '0')}`);
      if (n < 5) await api.store.job(model, 1, { phase: 'ready' });
    }
    const thirty = await cost();
    expect(one[0]).toBe(1);
    expect(thirty[0]).toBe(30);
    expect(thirty[1]).toEqual(one[1]);
    expect(one[1]).toEqual(['jobs.listLiveForProject', 'models.list', 'projects.get']);
  });

  it('pages by limit and after, all of them exactly once', async () => {
    const seen: string[] = [];
    let path: string | undefined = '/p/many/models?limit=7';
    let pages = 0;
    while (path !== undefined) {
      const answer = await api.call('GET', path);
      seen.push(...answer.body.map(({ hf_model_id }: { hf_model_id: string }) => hf_model_id));
      path = answer.headers.get('link')?.match(/^<(.*)>; rel="next"$/)?.[1];
      if (path !== undefined) expect(answer.headers.get('x-next-after')).toBe(seen.at(-1));
      pages += 1;
    }
    expect(pages).toBe(5);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => `a/${String(n).padStart(2, '0')}`));
  });

  it('counts models by state for the project', async () => {
    const { body } = await api.call('GET', '/p/many');
    const { total, ...states } = body.models;
    expect(total).toBe(30);
    expect(Object.values<number>(states).reduce((sum, count) => sum + count)).toBe(30);
  });
});
