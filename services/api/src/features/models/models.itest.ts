import { describe, expect, it } from '@jest/globals';
import { apiSuite } from '../../../test/api-suite.ts';

const api = apiSuite({ projects: ['demo'] });

const models = '/p/demo/models';

async function register(hf_model_id: string, more: object = {}) {
  return await api.call('PUT', models, {
    body: { hf_model_id, gpu_count: 1, engine: 'simulator', ...more },
  });
}

describe('registering', () => {
  it('answers 201 with the model asleep, defaults filled in', async () => {
    const answer = await api.call('PUT', models, {
      body: { hf_model_id: 'Qwen/Qwen3-8B', gpu_count: 2 },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/p/demo/models/Qwen/Qwen3-8B');
    const { created_at, updated_at, ...rest } = answer.body;
    expect(Math.abs(Date.parse(created_at) - Date.now())).toBeLessThan(10_000);
    expect(updated_at).toBe(created_at);
    expect(rest).toEqual({
      hf_model_id: 'Qwen/Qwen3-8B',
      project: 'demo',
      gpu_count: 2,
      engine: 'vllm',
      walltime: 3600,
      walltime_ratio: 0.9,
      idle_timeout: 600,
      autoscale: false,
      is_refreshing: true,
      cluster: 'here',
      clusters: ['here'],
      min_replicas: 0,
      max_replicas: 4,
      engine_args: {},
      resources: { nodes: 1, cpus: null, memory: null },
      timeouts: { connect: null, first_byte: null, between_bytes: null, total: null },
      routing: { policy: 'least_load', session_header: 'x-session-id', weights: {} },
      limits: { requests_per_minute: null, tokens_per_minute: null, concurrent_requests: null },
      state: 'not_loaded',
      reason: null,
      expected_start: null,
      expected_ready: null,
      idle: true,
      replicas: 1,
      last_wakeup: null,
      last_request: null,
      jobs: [],
    });
  });

  it('answers 200 for a change', async () => {
    await register('a/change', { walltime: 7200 });
    const answer = await register('a/change', { idle_timeout: 5 });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ walltime: 3600, idle_timeout: 5 });
  });

  it('keeps everything that was asked for', async () => {
    const asked = {
      gpu_count: 8,
      engine: 'simulator',
      walltime: 60,
      walltime_ratio: 0.5,
      idle_timeout: 1,
      autoscale: true,
      is_refreshing: false,
      clusters: ['here'],
      min_replicas: 0,
      max_replicas: 2,
      engine_args: { load_seconds: 1, fail: 'none' },
      resources: { nodes: 1, cpus: 4, memory: '8G' },
      timeouts: { connect: 9, first_byte: 0, between_bytes: 60, total: 600 },
      routing: { policy: 'session', session_header: 'x-chat', weights: { here: 2 } },
      limits: { requests_per_minute: 60, tokens_per_minute: 10_000, concurrent_requests: 8 },
    };
    const answer = await register('local-model', asked);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject(asked);
    expect((await api.call('GET', `${models}/local-model`)).body).toEqual(answer.body);
  });

  it('takes clusters in order of preference where the project is activated on each', async () => {
    const path = `/p/${await api.store.project('on-two')}/models`;
    const body = { hf_model_id: 'a/b', gpu_count: 1, engine: 'simulator' };
    const put = async (more: object) =>
      (await api.call('PUT', path, { body: { ...body, ...more } })).body;
    const listed = { cluster: 'there', clusters: ['there', 'here'] };
    expect(await put({ clusters: listed.clusters })).toMatchObject(listed);
    expect((await api.call('GET', `${path}/a/b`)).body).toMatchObject(listed);
    expect(await put({ cluster: 'there' })).toMatchObject({ ...listed, clusters: ['there'] });
    expect(await put({})).toMatchObject({ cluster: 'here', clusters: ['here'] });
  });

  it.each([
    [{ engine: 'nothing' }, 'engine', /no engine "nothing".*simulator.*vllm/],
    [{ engine_args: { bogus: 1 } }, 'engine_args.bogus', /bogus/],
    [{ engine_args: { load_seconds: 'long' } }, 'engine_args.load_seconds', /load_seconds/],
    [{ cluster: 'there' }, 'cluster', /there/],
    [{ clusters: ['there'] }, 'clusters', /there/],
    [{ clusters: ['here', 'there'] }, 'clusters', /there/],
    [{ cluster: 'here', clusters: ['here'] }, 'clusters', /beside cluster/],
    [{ gpu_count: 2, resources: { nodes: 2 } }, 'resources.nodes', /node/],
    [{ routing: { policy: 'luck' } }, 'routing.policy', /least_load.*prefix.*session/],
    [{ routing: { weights: { there: 2 } } }, 'routing.weights.there', /does not run/],
  ])('refuses %j by name', async (more, param, message) => {
    const answer = await register('a/refused', more);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ code: 'invalid_request', param });
    expect(answer.body.error.message).toMatch(message);
    expect((await api.call('GET', `${models}/a/refused`)).status).toBe(404);
  });
});

describe('one model', () => {
  it('is found by its id with the slash encoded or not', async () => {
    await register('org/sub/name.v1');
    for (const id of ['org/sub/name.v1', 'org%2Fsub%2Fname.v1', 'org%2fsub/name.v1']) {
      const answer = await api.call('GET', `${models}/${id}`);
      expect(answer.status).toBe(200);
      expect(answer.body.hf_model_id).toBe('org/sub/name.v1');
    }
  });

  it('may be called like a path of ours', async () => {
    await register('scale');
    expect((await api.call('GET', `${models}/scale`)).body.hf_model_id).toBe('scale');
  });

  it('answers 404 model_not_found', async () => {
    const answer = await api.call('GET', `${models}/no/such`);
    expect(answer.status).toBe(404);
    expect(answer.body.error).toMatchObject({ code: 'model_not_found', param: 'hf_model_id' });
  });
});

describe('waking, sleeping, scaling', () => {
  it('wakes with 200 and the model', async () => {
    await register('a/wake');
    const answer = await api.call('POST', models, { body: { hf_model_id: 'a/wake' } });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ hf_model_id: 'a/wake', idle: false });
    expect(Date.parse(answer.body.last_wakeup)).toBeGreaterThan(Date.now() - 10_000);
  });

  it('sleeps and scales with 202, a command and its location', async () => {
    await register('a/scale', { max_replicas: 3 });
    const scaled = await api.call('POST', `${models}/scale`, {
      body: { hf_model_id: 'a/scale', replicas: 3 },
    });
    expect(scaled.status).toBe(202);
    const { command } = scaled.body;
    expect(command).toMatchObject({ kind: 'scale', replicas: 3, status: 'applied', by: 'local' });
    expect(scaled.headers.get('location')).toBe(`/p/demo/commands/${command.id}`);
    expect((await api.call('GET', `/p/demo/commands/${command.id}`)).body).toEqual(command);
    expect((await api.call('GET', `${models}/a/scale`)).body).toMatchObject({
      idle: false,
      replicas: 3,
    });
    const slept = await api.call('POST', `${models}/sleep`, { body: { hf_model_id: 'a/scale' } });
    expect(slept.status).toBe(202);
    expect(slept.body.command).toMatchObject({ kind: 'sleep', status: 'applied' });
    expect((await api.call('GET', `${models}/a/scale`)).body.idle).toBe(true);
  });

  it('keeps min_replicas up from the registration on, and names the field where it is too high', async () => {
    const kept = await register('a/kept', { min_replicas: 2, max_replicas: 3 });
    expect(kept.body).toMatchObject({ min_replicas: 2, replicas: 2, idle: false });
    const refused = await register('a/kept', { min_replicas: 4, max_replicas: 3 });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ error: { param: 'min_replicas' } });
  });

  it('refuses more replicas than the model may have', async () => {
    await register('a/two', { max_replicas: 2 });
    const answer = await api.call('POST', `${models}/scale`, {
      body: { hf_model_id: 'a/two', replicas: 3 },
    });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ code: 'invalid_request', param: 'replicas' });
  });

  it.each([
    ['POST', models, { hf_model_id: 'not/there' }],
    ['DELETE', models, { hf_model_id: 'not/there' }],
    ['POST', `${models}/sleep`, { hf_model_id: 'not/there' }],
    ['POST', `${models}/scale`, { hf_model_id: 'not/there', replicas: 1 }],
  ])('%s %s answers 404 for an unregistered model', async (method, path, body) => {
    const answer = await api.call(method, path, { body });
    expect(answer.status).toBe(404);
    expect(answer.body.error).toMatchObject({ code: 'model_not_found', param: 'hf_model_id' });
  });
});

describe('unregistering', () => {
  it.each([
    ['in the body', models, { hf_model_id: 'a/gone' }],
    ['in the query', `${models}?hf_model_id=a/gone`, undefined],
    ['in the query, encoded', `${models}?hf_model_id=a%2Fgone`, undefined],
    ['in both', `${models}?hf_model_id=a/gone`, { hf_model_id: 'a/gone' }],
  ])('takes the id %s', async (_where, path, body) => {
    await register('a/gone');
    const answer = await api.call('DELETE', path, { body });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await api.call('DELETE', path, { body })).status).toBe(404);
  });

  it('keeps jobs running, or ends them with stop=true', async () => {
    const asked = async (stop: string) => {
      await register('a/jobs');
      await api.call('DELETE', `${models}?hf_model_id=a/jobs${stop}`);
      const [row] = await api.store.sql(
        "select stop_requested from models where hf_model_id = 'a/jobs'",
      );
      return row?.stop_requested;
    };
    expect(await asked('')).toBe(false);
    expect(await asked('&stop=false')).toBe(false);
    expect(await asked('&stop=true')).toBe(true);
  });

  it.each([
    [`${models}`, undefined, 'hf_model_id', /required/],
    [`${models}?hf_model_id=a/b`, { hf_model_id: 'a/c' }, 'hf_model_id', /differs/],
    [`${models}?hf_model_id=a/b&stop=yes`, undefined, 'stop', /"true", "false"/],
    [`${models}?hf_model_id=a/b&force=1`, undefined, 'force', /Unknown field in the query/],
  ])('refuses %s with %j', async (path, body, param, message) => {
    const answer = await api.call('DELETE', path, { body });
    expect(answer.status).toBe(400);
    expect(answer.body.error.param).toBe(param);
    expect(answer.body.error.message).toMatch(message);
  });
});
