import { describe, expect, it } from '@jest/globals';
import { apiSuite } from '../../../test/api-suite.ts';

const api = apiSuite();

describe('activating a project', () => {
  it('answers 201 first and 200 again, and then shows it', async () => {
    const first = await api.call('POST', '/p', { body: { project: 'eu-00-01' } });
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe('/p/eu-00-01');
    expect(first.body).toMatchObject({
      project: 'eu-00-01',
      clusters: [{ name: 'here', reachable: true, observed_at: expect.any(String), error: null }],
    });
    const again = await api.call('POST', '/p', { body: { project: 'eu-00-01' } });
    expect(again.status).toBe(200);
    const { activations: _, ...same } = first.body;
    expect(again.body).toMatchObject({ ...same, clusters: [{ name: 'here' }] });
    const details = await api.call('GET', '/p/eu-00-01');
    expect(details.body).toMatchObject({ project: 'eu-00-01', models: { total: 0, busy: 0 } });
    const list = await api.call('GET', '/p');
    expect(list.body.map(({ project }: { project: string }) => project)).toContain('eu-00-01');
  });

  it('says of one that is none yet why its last try failed', async () => {
    const body = { project: 'eu-00-07', cluster: 'untemplated' };
    await api.call('POST', '/p', { body });
    const { status, body: answer } = await api.call('GET', '/p/eu-00-07');
    expect(status).toBe(404);
    expect(answer.error.message).toMatch(/on untemplated.*template wakefield.*role Manager/);
    expect(answer.error.message).toMatch(/Before that: project: it is there/);
  });

  it('adds a further cluster behind the first', async () => {
    await api.call('POST', '/p', { body: { project: 'eu-00-02', cluster: 'there' } });
    const { body } = await api.call('POST', '/p', {
      body: { project: 'eu-00-02', cluster: 'here' },
    });
    expect(body.clusters.map(({ name }: { name: string }) => name)).toEqual(['there', 'here']);
  });

  it.each([
    ['untemplated', 422, 'cluster_refused', 'cluster', /template wakefield.*role Manager/],
    ['picky', 422, 'cluster_refused', 'cluster', /Invalid account/],
    ['away', 503, 'cluster_unreachable', null, /could not be asked/],
    ['nowhere', 404, 'cluster_not_found', 'cluster', /no cluster "nowhere"/],
  ])('on %s answers %i %s', async (cluster, status, code, param, message) => {
    const answer = await api.call('POST', '/p', { body: { project: 'eu-00-03', cluster } });
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code, param });
    expect(answer.body.error.message).toMatch(message);
    expect((await api.call('GET', '/p/eu-00-03')).status).toBe(404);
  });

  it('shows what was found and done step by step, of a failure too', async () => {
    const { body } = await api.call('POST', '/p', { body: { project: 'eu-00-06' } });
    const done = { status: 'done', remedy: null };
    const here = {
      cluster: 'here',
      at: expect.any(String),
      steps: [
        { ...done, step: 'project', detail: 'it is there' },
        { ...done, step: 'job', detail: 'it would take a job of the project' },
      ],
    };
    expect(body.activations).toEqual([here]);
    const picky = { project: 'eu-00-06', cluster: 'picky' };
    expect((await api.call('POST', '/p', { body: picky })).status).toBe(422);
    const details = await api.call('GET', '/p/eu-00-06');
    expect(details.body.clusters).toHaveLength(1);
    expect(details.body.activations).toEqual([
      here,
      {
        cluster: 'picky',
        at: expect.any(String),
        steps: [expect.anything(), expect.objectContaining({ step: 'job', status: 'failed' })],
      },
    ]);
    const list = await api.call('GET', '/p');
    expect(JSON.stringify(list.body)).not.toContain('activation');
  });

  it('tells what was last seen of its clusters', async () => {
    await api.call('POST', '/p', { body: { project: 'eu-00-04' } });
    await api.store.stores.clusters.save('here', {
      reachable: false,
      observedAt: 1_790_000_000_000,
      error: 'connect ECONNREFUSED',
      silence: { since: 1_790_000_000_000, looks: 1 },
      nextLookAt: 1_790_000_001_000,
    });
    const { body } = await api.call('GET', '/p/eu-00-04');
    expect(body.clusters).toEqual([
      {
        name: 'here',
        reachable: false,
        observed_at: new Date(1_790_000_000_000).toISOString(),
        error: 'connect ECONNREFUSED',
      },
    ]);
  });
});

describe('a cluster that was out of reach', () => {
  const away = {
    reachable: false,
    observedAt: null,
    error: 'no key file (ENOENT)',
    silence: { since: 1, looks: 1 },
    nextLookAt: 1,
  };

  it('is shown as it answered an activation, though nobody has looked at it since', async () => {
    await api.store.stores.clusters.save('there', away);
    const headers = { 'idempotency-key': 'once' };
    const body = { project: 'eu-00-05', cluster: 'there' };
    const first = await api.call('POST', '/p', { body, headers });
    expect(first.status).toBe(201);
    expect(first.body.clusters).toMatchObject([{ name: 'there', reachable: true, error: null }]);
    const repeated = await api.call('POST', '/p', { body, headers });
    expect(repeated.body.clusters).toMatchObject([{ error: away.error }]);
  });
});

describe('an unknown project', () => {
  it.each([
    ['GET', '/p/none', undefined],
    ['GET', '/p/none/models', undefined],
    ['GET', '/p/none/models/a/b', undefined],
    ['GET', '/p/none/commands', undefined],
    ['PUT', '/p/none/models', { hf_model_id: 'a/b', gpu_count: 1 }],
    ['POST', '/p/none/models', { hf_model_id: 'a/b' }],
    ['DELETE', '/p/none/models?hf_model_id=a/b', undefined],
    ['POST', '/p/none/models/scale', { hf_model_id: 'a/b', replicas: 1 }],
    ['POST', '/p/none/models/sleep', { hf_model_id: 'a/b' }],
  ])('%s %s answers 404 project_not_found and accepts nothing', async (method, path, body) => {
    const answer = await api.call(method, path, { body });
    expect(answer.status).toBe(404);
    expect(answer.body.error).toMatchObject({ code: 'project_not_found', param: 'project' });
    expect(answer.body.error.message).toMatch(/ Activate it: POST \/p \{"project":"none"\}$/);
    const rows = await api.store.sql("select 1 from commands where project = 'none'");
    expect(rows).toEqual([]);
  });
});
