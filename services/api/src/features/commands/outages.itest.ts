import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openStore } from '@wakefield/store';
import { type CuttableLine, cuttableLine, privateRedis, storeFixture } from '@wakefield/testkit';
import { type ApiFixture, apiFixture } from '../../../test/api-fixture.ts';

// A loaded machine may be slow; a test that hangs is told by it all the same.
jest.setTimeout(30_000);

let redis: Awaited<ReturnType<typeof privateRedis>>;
let store: Awaited<ReturnType<typeof storeFixture>>;
let line: CuttableLine;
let throughLine: ReturnType<typeof openStore>;
let api: ApiFixture;

beforeAll(async () => {
  [store, redis] = await Promise.all([storeFixture(), privateRedis()]);
  line = await cuttableLine(store.url, 5432);
  throughLine = openStore({
    databaseUrl: line.url,
    poolSize: 4,
    applicationName: 'wakefield-test',
    statementTimeoutMs: 5_000,
    onError: () => undefined,
  });
  api = await apiFixture({
    stores: throughLine.stores,
    redis,
    scheduler: false,
    commandWaitMs: 100,
  });
  await store.project('demo');
});

afterAll(async () => {
  await line.mend();
  await api.close();
  await throughLine.close();
  await line.cut();
  await redis.cleanup();
  await store.close();
});

afterEach(async () => {
  await line.mend();
});

const models = '/p/demo/models';
const register = (hf_model_id: string) =>
  api.call('PUT', models, { body: { hf_model_id, gpu_count: 1, engine: 'simulator' } });

async function eventually<T>(look: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = await look();
    if (good(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('while the scheduler is away', () => {
  it.each([
    ['PUT', models, { hf_model_id: 'a/away', gpu_count: 1, engine: 'simulator' }],
    ['POST', models, { hf_model_id: 'a/away' }],
    ['DELETE', models, { hf_model_id: 'a/away' }],
    ['POST', `${models}/scale`, { hf_model_id: 'a/away', replicas: 1 }],
    ['POST', `${models}/sleep`, { hf_model_id: 'a/away' }],
    ['POST', '/p', { project: 'later' }],
  ])('%s %s answers 202 with the command and where to ask', async (method, path, body) => {
    const answer = await api.call(method, path, { body });
    expect(answer.status).toBe(202);
    const { command } = answer.body;
    expect(command).toMatchObject({ status: 'accepted', created: null, finished_at: null });
    const location = answer.headers.get('location') ?? '';
    expect(location).toBe(`/p/${command.project}/commands/${command.id}`);
    if (path !== '/p') expect((await api.call('GET', location)).body).toEqual(command);
  });
});

describe('while Redis is away', () => {
  it('accepts all the same, quickly, and shows models without metrics', async () => {
    const model = await store.model({ project: 'demo' });
    await store.job(model, 1, { phase: 'ready' });
    await redis.kill();
    try {
      const startedAt = Date.now();
      const answer = await register('a/no-redis');
      expect(answer.status).toBe(202);
      expect(Date.now() - startedAt).toBeLessThan(1_500);
      const { body } = await api.call('GET', models);
      expect(body[0].jobs[0].metrics).toEqual({
        gpu_utilization: null,
        waiting_requests: null,
        running_requests: null,
      });
      const queues = await api.call('GET', '/ops/queues.json');
      expect(queues.status).toBe(503);
      expect(queues.body.error.code).toBe('store_unavailable');
      expect((await api.call('GET', '/health')).status).toBe(200);
    } finally {
      await redis.start();
    }
  });
});

describe('while Postgres is away', () => {
  it('answers 503 store_unavailable, stays healthy, and recovers by itself', async () => {
    await line.cut();
    for (const [method, path, body] of [
      ['GET', '/p', undefined],
      ['GET', models, undefined],
      ['PUT', models, { hf_model_id: 'a/b', gpu_count: 1, engine: 'simulator' }],
    ] as const) {
      const answer = await api.call(method, path, { body });
      expect(answer.status).toBe(503);
      expect(answer.body.error).toMatchObject({ code: 'store_unavailable', type: 'server_error' });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(answer.text).not.toMatch(/ECONNREFUSED|postgres|127\.0\.0\.1/i);
    }
    expect((await api.call('GET', '/health')).body.status).toBe('OK');
    await line.mend();
    const answer = await eventually(
      () => api.call('GET', models),
      ({ status }) => status === 200,
    );
    expect(answer.status).toBe(200);
  });
});

describe('when the scheduler is back', () => {
  it('applies what was accepted, and answers at once again', async () => {
    await eventually(
      () => api.call('GET', '/ops/queues.json'),
      ({ status }) => status === 200,
    );
    const answer = await register('a/late');
    expect(answer.status).toBe(202);
    api.startScheduler();
    const location = answer.headers.get('location') ?? '';
    const command = await eventually(
      async () => (await api.call('GET', location)).body,
      ({ status }) => status !== 'accepted',
    );
    expect(command).toMatchObject({ status: 'applied', created: true });
    expect((await api.call('GET', `${models}/a/late`)).status).toBe(200);
  });
});
