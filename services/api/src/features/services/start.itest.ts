import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JobPatch, Principal, Role } from '@wakefield/domain';
import { eventually } from '@wakefield/testkit';
import { apiSuite } from '../../../test/api-suite.ts';

/** The key says who it is: `role@project`, several with commas; behind `!` the project that they have chosen. */
function principalOf(authorization: string | undefined): Principal | null {
  const key = authorization?.replace('Bearer ', '') ?? '';
  const [rights = '', chosen] = key.split('!');
  const grants = rights.split(',').map((grant) => {
    const [role = '', project = ''] = grant.split('@');
    return { project, role: role as Role };
  });
  const defaults = chosen === undefined ? {} : { defaultProject: chosen };
  return key === '' ? null : { kind: 'user', id: key, grants, ...defaults };
}

const api = apiSuite({ identifier: { identify: principalOf } });
const PATH = '/api/v1/services';

interface PostOptions {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
const post = (body: unknown, { key = 'manager@mine', headers = {} }: PostOptions = {}) =>
  api.call('POST', PATH, { key, body, headers });

beforeAll(async () => {
  for (const project of ['mine', 'also', 'theirs']) await api.store.project(project);
});

/** What the scheduler and its cluster do once there is a service of this name. */
async function submitted(name: string, patch: JobPatch): Promise<void> {
  const service = await eventually(`service ${name}`, async () => {
    const found = await api.store.stores.services.list(
      { projects: null, states: [], recipe: null },
      { limit: 200, after: null },
    );
    return found.find((one) => one.service.spec.name === name)?.service ?? null;
  });
  await api.store.serviceJob(service, 1, patch);
  if (patch.phase === 'ended')
    await api.store.verdict(service, { state: 'failed', reason: patch.reason ?? null });
}

async function boundThere(): Promise<void> {
  const { clusters, leases } = api.store.stores;
  const status = { reachable: true, observedAt: 1, error: null, silence: null, nextLookAt: 1 };
  await clusters.save('there', status);
  const lease = await leases.acquire('cluster:there', 'tester', 60_000);
  if (lease === null) throw new Error('somebody else holds the lease');
  await clusters.saveBounds('there', { cpus: 4, gpus: 0, memoryBytes: 8 * 2 ** 30 }, lease);
  await leases.release(lease);
}

describe('POST /api/v1/services', () => {
  it('answers with the id that the cluster gave its job', async () => {
    const [{ status, body, headers }] = await Promise.all([
      post({ recipe_name: 'inference/vllm', name: 'first', config: {} }),
      submitted('first', { phase: 'queued', clusterJobId: '3652098' }),
    ]);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ id: '3652098', name: 'first', recipe_name: 'inference/vllm', status: 'pending' },
      ...{ project: 'mine', cluster: 'here', keep: false, created_by: 'manager@mine' },
      model: 'Qwen/Qwen2.5-0.5B-Instruct',
      endpoint: `${api.url}${PATH}/${body.uuid}/proxy`,
      config: {
        environment: { VLLM_MODEL: 'Qwen/Qwen2.5-0.5B-Instruct' },
        resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
      },
    });
    expect(headers.get('location')).toBe(`${PATH}/${body.uuid}`);
    expect((await api.call('GET', `${PATH}/3652098`, { key: 'viewer@mine' })).body).toEqual(body);
  });

  it('takes what is said, in the spellings of the seed, and says what does nothing', async () => {
    const environment = {
      ...{ VLLM_MODEL: 'gpt2', VLLM_HOST: '0.0.0.0', VLLM_PORT: '8001' },
      ...{ VLLM_MAX_MODEL_LEN: '2048', VLLM_TENSOR_PARALLEL_SIZE: 1 },
    };
    const resources = { nodes: 1, cpu: 4, memory: '16G', time_limit: '15', gpu: null };
    const [{ status, body }] = await Promise.all([
      post({
        ...{ recipe_name: 'inference/vllm', name: 'said', keep: true, cluster: 'there' },
        config: { environment, resources },
      }),
      submitted('said', { phase: 'queued', clusterJobId: '3652099' }),
    ]);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ id: '3652099', keep: true, cluster: 'there', model: 'gpt2' },
      config: {
        environment: { ...environment, VLLM_TENSOR_PARALLEL_SIZE: '1' },
        resources: { nodes: 1, cpu: '4', memory: '16G', time_limit: 15, gpu: null },
      },
      ignored: { VLLM_HOST: expect.any(String), VLLM_PORT: expect.stringContaining('free port') },
    });
  });

  it('is done once with an Idempotency-Key, whatever name is made up for it', async () => {
    const headers = { 'idempotency-key': 'once' };
    const wish = { recipe_name: 'simulator', config: { environment: { SIMULATOR_FAIL: 'load' } } };
    const first = await Promise.all([post(wish, { headers }), named('load')]);
    const again = await post(wish, { headers });
    expect(first[0].body.name).toMatch(/^simulator-[0-9a-f]{6}$/);
    expect([again.status, again.body]).toEqual([201, first[0].body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await post({ ...wish, keep: true }, { headers });
    expect([other.status, other.body.error.code]).toEqual([409, 'idempotency_key_reused']);
  });

  /** As `submitted`, where the name is not known. */
  async function named(fail: string): Promise<void> {
    const name = await eventually('a service', async () => {
      const found = await api.store.stores.services.list(
        { projects: ['mine'], states: [], recipe: 'simulator' },
        { limit: 200, after: null },
      );
      const one = found.find(({ service }) => service.spec.args.fail === fail);
      return one?.service.spec.name ?? null;
    });
    await submitted(name, { phase: 'queued', clusterJobId: '3652100' });
  }

  it('is answered with what it started, whatever its cluster allows by now, and at once when that is gone', async () => {
    const headers = { 'idempotency-key': 'bounded' };
    const wish = {
      ...{ recipe_name: 'simulator', name: 'bounded', cluster: 'there' },
      config: { resources: { cpu: '5' } },
    };
    const [first] = await Promise.all([
      post(wish, { headers }),
      submitted('bounded', { phase: 'queued', clusterJobId: '3652110' }),
    ]);
    await boundThere();
    expect((await post(wish)).status).toBe(400);
    const again = await post(wish, { headers });
    expect([again.status, again.body]).toEqual([201, first.body]);
    const renamed = await post({ ...wish, name: 'other' }, { headers });
    expect([renamed.status, renamed.body.error.code]).toEqual([409, 'idempotency_key_reused']);
    await api.store.sql('delete from jobs where service_id = $1', [first.body.uuid]);
    await api.store.sql('delete from services where id = $1', [first.body.uuid]);
    const gone = await post(wish, { headers });
    expect([gone.status, gone.body.error.code]).toEqual([404, 'service_not_found']);
    expect(gone.body.error.param).toBe('Idempotency-Key');
  });

  it('is 422 where the cluster would not take the job, which is told and kept', async () => {
    const reason = 'Invalid account or account/partition combination specified';
    const [{ status, body, headers }] = await Promise.all([
      post({ recipe_name: 'simulator', name: 'refused' }),
      submitted('refused', { phase: 'ended', outcome: 'refused', reason, endedAt: Date.now() }),
    ]);
    expect([status, body.error]).toEqual([
      422,
      expect.objectContaining({ code: 'cluster_refused', param: 'cluster' }),
    ]);
    expect(body.error.message).toContain(reason);
    const kept = await api.call('GET', headers.get('location') ?? '', { key: 'viewer@mine' });
    expect(kept.body).toMatchObject({ name: 'refused', status: 'failed', reason });
  });

  it('is 201 of one that failed once its job had an id', async () => {
    const [{ status, body }] = await Promise.all([
      post({ recipe_name: 'simulator', name: 'failed' }),
      submitted('failed', {
        ...{ phase: 'ended', outcome: 'failed', reason: 'exit code 1' },
        ...{ clusterJobId: '3652101', endedAt: Date.now() },
      }),
    ]);
    expect(status).toBe(201);
    expect(body.id).toBe('3652101');
    await eventually('the verdict', async () => {
      const now = await api.call('GET', `${PATH}/3652101`, { key: 'viewer@mine' });
      return now.body.status === 'failed' && now.body.endpoint === null ? now : null;
    });
  });

  it.each<[string, object, string, string]>([
    ['no recipe', {}, 'recipe_name', 'recipe_name is required'],
    ['a path', { recipe_name: '../x' }, 'recipe_name', 'must look like'],
    ['a name', { recipe_name: 'simulator', name: 'a b' }, 'name', 'must start with'],
    ['keep', { recipe_name: 'simulator', keep: 'yes' }, 'keep', 'must be true or false'],
    ['a field', { recipe_name: 'simulator', gpu: 1 }, 'gpu', 'Unknown field'],
    [
      'config',
      { recipe_name: 'simulator', config: { env: {} } },
      'config.env',
      'Known: environment, resources',
    ],
    [
      'a cluster',
      { recipe_name: 'simulator', cluster: 'nowhere' },
      'cluster',
      'is not activated on the cluster nowhere',
    ],
    [
      'variables and resources, all at once',
      {
        recipe_name: 'inference/vllm',
        config: {
          environment: { VLLM_MODLE: 'x', VLLM_MAX_MODEL_LEN: 'long' },
          resources: { cpu: 0, memory: '64 GB', nodes: 'two' },
        },
      },
      'config.environment.VLLM_MODLE',
      'did you mean VLLM_MODEL?',
    ],
  ])('refuses %s by name', async (what, body, param, words) => {
    const answer = await post(body);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_request']);
    expect(answer.body.error.param).toBe(param);
    expect(answer.body.error.message).toContain(words);
    if (what.endsWith('at once'))
      expect(answer.body.error.message).toMatch(/VLLM_MAX_MODEL_LEN must .*\. And 2 more\.$/);
  });

  it('refuses what its cluster does not have, once that is known', async () => {
    await boundThere();
    const resources = { cpu: '5', memory: '9G', gpu: '1' };
    const { status: code, body } = await post({
      ...{ recipe_name: 'inference/vllm', cluster: 'there', config: { resources } },
    });
    expect([code, body.error.param]).toEqual([400, 'config.resources.cpu']);
    expect(body.error.message).toBe(
      'config.resources.cpu must be at most 4 on this cluster. ' +
        'config.resources.memory must be at most 8192M on this cluster. ' +
        'config.resources.gpu must be null: this cluster has no GPUs.',
    );
  });

  it('says which recipe was meant', async () => {
    const { status, body } = await post({ recipe_name: 'inference/vlm' });
    expect([status, body.error.code, body.error.param]).toEqual([
      ...[404, 'recipe_not_found', 'recipe_name'],
    ]);
    expect(body.error.message).toContain('Did you mean "inference/vllm"?');
  });

  it.each<[string, string, number, string]>([
    ['who may only look', 'viewer@mine', 403, 'forbidden'],
    ['who may only infer', 'user@mine', 403, 'forbidden'],
    ['who has nothing', 'manager@none', 404, 'project_not_found'],
  ])('%s without X-Project: %s is %d', async (_who, key, status, code) => {
    const answer = await post({ recipe_name: 'simulator' }, { key });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  it.each<[string, string, string]>([
    ['may in one', 'manager@mine,viewer@also', 'mine'],
    ['may in several: the one that was activated first', 'manager@theirs,manager@mine', 'mine'],
    ['may everywhere', 'admin@*', 'also'],
    ['has chosen', 'admin@*!theirs', 'theirs'],
  ])('is in the default project of who %s', async (_who, key, project) => {
    const name = `of-${project}-${key.length}`;
    const listed = await api.call('GET', '/p', { key });
    expect(listed.headers.get('x-default-project')).toBe(project);
    const [{ status, body }] = await Promise.all([
      post({ recipe_name: 'simulator', name }, { key }),
      submitted(name, { phase: 'queued', clusterJobId: name }),
    ]);
    expect([status, body.project]).toEqual([201, project]);
  });

  it.each<[string, number, string | null]>([
    ['manager@mine!nowhere', 404, 'X-Project'],
    ['manager@mine,viewer@also!also', 403, null],
  ])('is nowhere else where the default of %s is of no use', async (key, status, param) => {
    const answer = await post({ recipe_name: 'simulator' }, { key });
    expect([answer.status, answer.body.error.param]).toEqual([status, param]);
    expect(answer.body.error.message).toContain('It is your default project.');
  });

  it.each<[string, string, number]>([
    ['manager@mine,manager@also', 'also', 201],
    ['manager@mine,viewer@also', 'also', 403],
    ['manager@mine', 'theirs', 404],
    ['admin@*', 'theirs', 201],
    ['admin@*', 'nowhere', 404],
  ])('%s with X-Project: %s is %d', async (key, project, expected) => {
    const name = `in-${project}`;
    const [{ status, body }] = await Promise.all([
      post({ recipe_name: 'simulator', name }, { key, headers: { 'x-project': project } }),
      expected === 201 && submitted(name, { phase: 'queued', clusterJobId: `${project}-1` }),
    ]);
    expect([status, body.error === undefined ? body.project : body.error.param]).toEqual([
      expected,
      { 201: project, 403: null, 404: 'X-Project' }[expected],
    ]);
  });
});
