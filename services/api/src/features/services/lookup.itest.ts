import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceJson } from '@wakefield/contracts';
import type { Principal, Role, Service } from '@wakefield/domain';
import { SAMPLE_NOW, sampleServiceSpec } from '@wakefield/testkit';
import { apiSuite } from '../../../test/api-suite.ts';

/** The key says who it is: `role@project`, several with commas. */
function principalOf(authorization: string | undefined): Principal | null {
  const key = authorization?.replace('Bearer ', '') ?? '';
  const grants = key.split(',').map((grant) => {
    const [role = '', project = ''] = grant.split('@');
    return { project, role: role as Role };
  });
  return key === '' ? null : { kind: 'user', id: key, grants };
}

const api = apiSuite({ identifier: { identify: principalOf }, scheduler: false });
const get = (path: string, key = 'viewer@mine', headers: Record<string, string> = {}) =>
  api.call('GET', path, { key, headers });
const uuids = (body: readonly ServiceJson[]) => body.map(({ uuid }) => uuid);

const made: Record<'old' | 'lives' | 'new' | 'theirs' | 'unsubmitted', Service> = {} as never;

beforeAll(async () => {
  for (const project of ['mine', 'also', 'theirs', 'empty']) await api.store.project(project);
  const at = (seconds: number, project: string) => ({
    ...{ project, createdAt: SAMPLE_NOW + seconds * 1000 },
  });
  const vllm = sampleServiceSpec({
    ...{ recipe: 'inference/vllm', model: 'gpt2', name: 'chat' },
    environment: { VLLM_MODEL: 'gpt2' },
    resources: { nodes: 1, cpu: 8, memory: '64G', walltimeMinutes: 120, gpu: 1 },
  });
  made.old = await api.store.service(at(1, 'mine'));
  made.lives = await api.store.service({ ...at(2, 'mine'), spec: vllm });
  made.new = await api.store.service({ ...at(3, 'also'), cluster: 'there' });
  made.theirs = await api.store.service(at(4, 'theirs'));
  made.unsubmitted = await api.store.service(at(5, 'mine'));
  const ended = { phase: 'ended', outcome: 'as_asked', endedAt: SAMPLE_NOW } as const;
  await api.store.serviceJob(made.old, 1, { ...ended, clusterJobId: '77', node: 'n1' });
  await api.store.verdict(made.old, { state: 'stopped' });
  await api.store.serviceJob(made.lives, 1, {
    ...{ phase: 'ready', clusterJobId: '77', node: 'n2', readyAt: SAMPLE_NOW },
    address: { host: 'n2', port: 20_117 },
    ...{ submittedAt: SAMPLE_NOW, startedAt: SAMPLE_NOW, endsAt: SAMPLE_NOW + 3_600_000 },
  });
  await api.store.verdict(made.lives, { state: 'running' });
  await api.store.serviceJob(made.new, 1, { ...ended, clusterJobId: '77' });
  await api.store.verdict(made.new, { state: 'failed', reason: 'exit code 1' });
  await api.store.serviceJob(made.theirs, 1, { phase: 'queued', clusterJobId: '78' });
});

describe('a service', () => {
  it('is shown by its uuid with all that is known', async () => {
    const { status, body } = await get(`/api/v1/services/${made.lives.id.toUpperCase()}`);
    const started = new Date(SAMPLE_NOW).toISOString();
    const ends = new Date(SAMPLE_NOW + 3_600_000).toISOString();
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ id: '77', uuid: made.lives.id, name: 'chat', recipe_name: 'inference/vllm' },
      ...{ status: 'running', reason: null, project: 'mine', cluster: 'here', node: 'n2' },
      address: 'n2:20117',
      endpoint: `${api.url}/api/v1/services/${made.lives.id}/proxy`,
      model: 'gpt2',
      config: {
        environment: { VLLM_MODEL: 'gpt2' },
        resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
      },
      ...{ ignored: {}, keep: false, created_by: 'tester' },
      created_at: new Date(SAMPLE_NOW + 2000).toISOString(),
      ...{ expected_start: null, started_at: started, ends_at: ends },
      ended_at: null,
      jobs: [
        {
          id: expect.any(String),
          ...{ cluster_job_id: '77', state: 'running', outcome: null, reason: null, node: 'n2' },
          ...{ submitted_at: started, started_at: started, ends_at: ends, ended_at: null },
        },
      ],
    });
  });

  it('goes by the id of its job; of several the one that lives, and the others are named', async () => {
    const key = 'viewer@mine,viewer@also';
    const { body, headers } = await get('/api/v1/services/77', key);
    expect(body.uuid).toBe(made.lives.id);
    const others = headers.get('x-ambiguous-id')?.split(', ');
    expect(others?.sort()).toEqual([made.old.id, made.new.id].sort());
    const there = await get('/api/v1/services/77?cluster=there', key);
    expect([there.body.uuid, there.headers.get('x-ambiguous-id')]).toEqual([made.new.id, null]);
    const also = await get('/api/v1/services/77', key, { 'x-project': 'also' });
    expect(also.body).toMatchObject({ uuid: made.new.id, status: 'failed', reason: 'exit code 1' });
    expect([also.body.endpoint, also.body.address]).toEqual([null, null]);
  });

  it('that is over says when that was, and no more when it would have been', async () => {
    const project = await api.store.project();
    const key = `viewer@${project}`;
    const service = await api.store.service({ project });
    const [startedAt, endedAt] = [SAMPLE_NOW + 1000, SAMPLE_NOW + 5000];
    await api.store.serviceJob(service, 1, {
      ...{ phase: 'ended', outcome: 'failed', clusterJobId: '80' },
      ...{ startedAt, endedAt, endsAt: SAMPLE_NOW + 3_600_000 },
    });
    await api.store.verdict(service, { state: 'failed', reason: 'exit code 1' });
    const ended = { ends_at: null, ended_at: new Date(endedAt).toISOString() };
    const { body } = await get('/api/v1/services/80', key);
    expect(body).toMatchObject({ started_at: new Date(startedAt).toISOString(), ...ended });
    expect(body.jobs).toMatchObject([ended]);
    const jobless = await api.store.service({ project, stopRequested: true });
    await api.store.verdict(jobless, { state: 'stopped' });
    const { body: stopped } = await get(`/api/v1/services/${jobless.id}`, key);
    expect(stopped).toMatchObject({
      ...{ started_at: null, ends_at: null },
      ended_at: new Date(jobless.updatedAt).toISOString(),
    });
  });

  it('goes by its uuid until its job has an id', async () => {
    const { body } = await get(`/api/v1/services/${made.unsubmitted.id}`);
    expect(body).toMatchObject({ id: made.unsubmitted.id, uuid: made.unsubmitted.id, jobs: [] });
  });

  it('has a small status', async () => {
    const { status, body } = await get('/api/v1/services/77/status');
    expect([status, body]).toEqual([
      200,
      { id: '77', uuid: made.lives.id, status: 'running', reason: null, node: 'n2' },
    ]);
  });

  it.each([
    ['of somebody else', '78'],
    ['that was never there', '79'],
    ['of an unknown uuid', randomUUID()],
  ])('%s is not there', async (_whose, id) => {
    for (const path of [`/api/v1/services/${id}`, `/api/v1/services/${id}/status`]) {
      const { status, body } = await get(path);
      expect([status, body.error]).toEqual([
        404,
        expect.objectContaining({ code: 'service_not_found', param: 'id' }),
      ]);
      expect(body.error.message).toBe(`There is no service "${id}".`);
    }
  });

  it('of somebody else is there for them, and for whoever may see everything', async () => {
    expect((await get('/api/v1/services/78', 'viewer@theirs')).status).toBe(200);
    expect((await get('/api/v1/services/78', 'viewer@*')).status).toBe(200);
  });

  it.each([
    ['/api/v1/services/..%2f', 'id'],
    ['/api/v1/services/-1', 'id'],
    ['/api/v1/services/77?cluster=a%20b', 'cluster'],
    ['/api/v1/services/77?klaster=here', 'klaster'],
  ])('%s is refused by name', async (path, param) => {
    const { status, body } = await get(path);
    expect([status, body.error.param]).toEqual([400, param]);
  });
});

describe('GET /api/v1/services', () => {
  it('has those of all projects of the caller, newest first', async () => {
    expect(uuids((await get('/api/v1/services')).body)).toEqual([
      ...[made.unsubmitted.id, made.lives.id, made.old.id],
    ]);
    const both = await get('/api/v1/services', 'viewer@mine,user@also');
    expect(uuids(both.body)).toEqual([
      ...[made.unsubmitted.id, made.new.id, made.lives.id, made.old.id],
    ]);
    const all = uuids((await get('/api/v1/services', 'viewer@*')).body);
    expect(all).toEqual(expect.arrayContaining(Object.values(made).map(({ id }) => id)));
    expect((await get('/api/v1/services', 'viewer@empty')).body).toEqual([]);
  });

  it.each([
    ['status=running', ['lives']],
    ['status=stopped,failed', ['new', 'old']],
    ['recipe_name=inference%2Fvllm', ['lives']],
    ['project=also', ['new']],
    ['recipe_name=simulator&status=pending', ['unsubmitted']],
  ] as const)('filters by %s', async (query, names) => {
    const { body } = await get(`/api/v1/services?${query}`, 'viewer@mine,viewer@also');
    expect(uuids(body)).toEqual(names.map((name) => made[name].id));
  });

  it('goes on page by page, with its filters', async () => {
    const seen: string[] = [];
    let next: string | undefined = '/api/v1/services?limit=1&recipe_name=simulator';
    while (next !== undefined) {
      const { body, headers } = await get(next, 'viewer@mine,viewer@also');
      seen.push(...uuids(body));
      next = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
      expect(headers.get('x-next-after')).toBe(next === undefined ? null : seen.at(-1));
    }
    expect(seen).toEqual([made.unsubmitted.id, made.new.id, made.old.id]);
  });

  it('shows nothing behind a service of somebody else', async () => {
    const { status, body } = await get(`/api/v1/services?after=${made.theirs.id}`);
    expect([status, body.error.code, body.error.param]).toEqual([
      ...[404, 'service_not_found', 'after'],
    ]);
  });

  it.each([
    ['status=busy', 'status'],
    ['status=', 'status'],
    ['limit=201', 'limit'],
    ['after=77', 'after'],
    ['recipe_name=..%2Fx', 'recipe_name'],
    ['state=running', 'state'],
  ])('refuses %s by name', async (query, param) => {
    const { status, body } = await get(`/api/v1/services?${query}`);
    expect([status, body.error.code, body.error.param]).toEqual([400, 'invalid_request', param]);
  });

  it.each([
    ['theirs', 404, 'project_not_found'],
    ['nowhere', 404, 'project_not_found'],
    ['a b', 400, 'invalid_request'],
  ])('X-Project: %s is %d %s', async (project, status, code) => {
    for (const path of ['/api/v1/services', '/api/v1/services/77', '/api/v1/vllm/services']) {
      const answer = await get(path, 'viewer@mine', { 'x-project': project });
      expect([answer.status, answer.body.error]).toEqual([
        status,
        expect.objectContaining({ code, param: 'X-Project' }),
      ]);
    }
  });
});

it.each(['/api/v1/services', '/api/v1/vllm/services'])(
  'GET %s takes one project, by its query or by X-Project',
  async (path) => {
    const key = 'viewer@mine,viewer@also';
    const ask = (project: string) =>
      get(`${path}?project=${project}`, key, { 'x-project': 'mine' });
    const both = await ask('also');
    expect([both.status, both.body.error.code, both.body.error.param]).toEqual([
      ...[400, 'invalid_request', 'project'],
    ]);
    const same = await ask('mine');
    expect(new Set(same.body.map(({ project }: ServiceJson) => project))).toEqual(
      new Set(['mine']),
    );
  },
);

it('GET /api/v1/vllm/services has those that run, with their endpoints', async () => {
  const { status, body } = await get('/api/v1/vllm/services', 'viewer@mine,viewer@also');
  expect([status, uuids(body)]).toEqual([200, [made.lives.id]]);
  expect(body[0].endpoint).toBe(`${api.url}/api/v1/services/${made.lives.id}/proxy`);
  expect((await get('/api/v1/vllm/services', 'viewer@theirs')).body).toEqual([]);
});
