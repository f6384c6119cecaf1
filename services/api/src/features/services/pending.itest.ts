import { beforeAll, describe, expect, it } from '@jest/globals';
import { apiSuite } from '../../../test/api-suite.ts';

const PATH = '/api/v1/services';

describe('a cluster that takes longer', () => {
  const api = apiSuite({ projects: ['mine'], serviceWaitMs: 50 });

  it('is 202 with the command, and the service is there', async () => {
    const { status, body, headers } = await api.call('POST', PATH, {
      body: { recipe_name: 'simulator' },
    });
    const { command } = body;
    expect([status, headers.get('location')]).toEqual([202, `/p/mine/commands/${command.id}`]);
    expect(command).toMatchObject({ kind: 'start_service', status: 'applied' });
    const { body: service } = await api.call('GET', `${PATH}/${command.service_uuid}`);
    expect(service).toMatchObject({ id: command.service_uuid, status: 'pending', jobs: [] });
    const asked = await api.call('GET', headers.get('location') ?? '');
    expect(asked.body).toEqual(command);
  });
});

describe('a cluster that is away', () => {
  const api = apiSuite({ projects: ['mine'], commandWaitMs: 2000, serviceWaitMs: 3_600_000 });

  beforeAll(async () => {
    await api.store.stores.clusters.save('here', {
      ...{ reachable: false, observedAt: Date.now(), error: 'connect ETIMEDOUT', nextLookAt: 0 },
      silence: { since: Date.now(), looks: 3 },
    });
  });

  it('is not waited for long', async () => {
    const { status } = await api.call('POST', PATH, { body: { recipe_name: 'simulator' } });
    expect(status).toBe(202);
  });
});

describe('an api that is asked to end', () => {
  const over = { ending: AbortSignal.abort() };
  const api = apiSuite({ projects: ['mine'], serviceWaitMs: 3_600_000, over });

  it('does not wait for the cluster, and nothing is lost', async () => {
    const headers = { 'idempotency-key': 'again' };
    const body = { recipe_name: 'simulator' };
    const first = await api.call('POST', PATH, { body, headers });
    expect([first.status, first.body.command.status]).toEqual([202, 'applied']);
    const again = await api.call('POST', PATH, { body, headers });
    expect([again.status, again.body.command.id]).toEqual([202, first.body.command.id]);
  });
});

describe('without a scheduler', () => {
  const api = apiSuite({ scheduler: false, commandWaitMs: 20, serviceWaitMs: 3_600_000 });

  it('what is accepted is pending, for who may see it, until it is applied', async () => {
    const project = await api.store.project();
    const { body } = await api.call('POST', PATH, {
      body: { recipe_name: 'simulator', name: 'early', cluster: 'there' },
      headers: { 'x-project': project },
    });
    const { id, service_uuid } = body.command;
    const place = `${PATH}/${service_uuid}`;
    const early = await api.call('GET', place);
    expect(early.body).toMatchObject({
      ...{ id: service_uuid, uuid: service_uuid, name: 'early', project, cluster: 'there' },
      ...{ status: 'pending', recipe_name: 'simulator', created_by: 'local', jobs: [] },
      endpoint: expect.stringContaining(service_uuid),
    });
    const status = await api.call('GET', `${place}/status`);
    expect(status.body).toMatchObject({ uuid: service_uuid, status: 'pending' });
    const log = await api.call('GET', `${place}/logs`);
    expect(log.headers.get('x-log-note')).toBe('The service has no job yet.');
    const other = await api.store.project();
    const headers = { 'x-project': other };
    expect((await api.call('GET', place, { headers })).status).toBe(404);
    expect((await api.call('GET', `${place}?cluster=here`)).status).toBe(404);
    await api.store.stores.commands.apply(id, Date.now(), () => ({
      outcome: { status: 'rejected', code: 'invalid_request', message: 'no', param: null },
    }));
    expect((await api.call('GET', place)).status).toBe(404);
  });

  it('a start is 202, and so is a stop', async () => {
    const project = await api.store.project();
    const service = await api.store.service({ project });
    const started = await api.call('POST', PATH, { body: { recipe_name: 'simulator' } });
    expect([started.status, started.body.command.status]).toEqual([202, 'accepted']);
    const stopped = await api.call('DELETE', `${PATH}/${service.id}`);
    expect(stopped.status).toBe(202);
    expect(stopped.body.command).toMatchObject({
      ...{ kind: 'stop_service', status: 'accepted', service_uuid: service.id },
    });
  });
});
