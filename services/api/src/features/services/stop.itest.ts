import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceJson } from '@wakefield/contracts';
import { defaultPolicy, type Principal, type Role, reconcileService } from '@wakefield/domain';
import { sampleServiceSpec } from '@wakefield/testkit';
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

const api = apiSuite({ identifier: { identify: principalOf } });
const stop = (id: string, key = 'manager@mine', headers: Record<string, string> = {}) =>
  api.call('DELETE', `/api/v1/services/${id}`, { key, headers });
const commandsOf = async (project: string) =>
  (await api.call('GET', `/p/${project}/commands`, { key: 'admin@*' })).body.filter(
    ({ kind }: { kind: string }) => kind === 'stop_service',
  );

beforeAll(async () => {
  for (const project of ['mine', 'also']) await api.store.project(project);
});

describe('DELETE /api/v1/services/{id}', () => {
  it('answers with the service as it stops; once more changes nothing', async () => {
    const service = await api.store.service({ project: 'mine' });
    await api.store.serviceJob(service, 1, { phase: 'ready', clusterJobId: '501' });
    await api.store.verdict(service, { state: 'running' });
    const { status, body } = await stop('501');
    expect([status, body.status, body.uuid]).toEqual([200, 'stopping', service.id]);
    expect(await api.store.stores.services.get(service.id)).toMatchObject({ stopRequested: true });
    const again = await stop('501');
    expect([again.status, again.body.status]).toEqual([200, 'stopping']);
    expect(await commandsOf('mine')).toHaveLength(1);
  });

  it('is in lists of those that stop from then on', async () => {
    const spec = sampleServiceSpec({ recipe: 'inference/vllm' });
    const service = await api.store.service({ project: 'mine', spec });
    await api.store.serviceJob(service, 1, { phase: 'ready', clusterJobId: '511' });
    await api.store.verdict(service, { state: 'running' });
    const inLists = async () => {
      const paths = ['services?status=running', 'services?status=stopping', 'vllm/services'];
      const lists = await Promise.all(
        paths.map((path) => api.call('GET', `/api/v1/${path}`, { key: 'viewer@mine' })),
      );
      return lists.map(({ body }) => body.some(({ uuid }: ServiceJson) => uuid === service.id));
    };
    expect(await inLists()).toEqual([true, false, true]);
    expect((await stop('511')).body.status).toBe('stopping');
    expect(await inLists()).toEqual([false, true, false]);
    await api.store.verdict(service, { state: 'stopped' });
    expect(await inLists()).toEqual([false, false, false]);
  });

  it('of one that is over is that one as it was', async () => {
    const service = await api.store.service({ project: 'mine' });
    await api.store.serviceJob(service, 1, {
      ...{ phase: 'ended', outcome: 'timeout', clusterJobId: '502', endedAt: 1 },
    });
    await api.store.verdict(service, { state: 'completed' });
    const { status, body } = await stop('502');
    expect([status, body.status]).toEqual([200, 'completed']);
    expect(await api.store.stores.services.get(service.id)).toMatchObject({ stopRequested: false });
  });

  it('of one that is kept and has given up is that it stays so', async () => {
    const spec = sampleServiceSpec({ keep: true });
    const service = await api.store.service({ project: 'mine', spec });
    const ended = { phase: 'ended', outcome: 'failed', clusterJobId: '505', endedAt: 1 } as const;
    await api.store.serviceJob(service, 1, ended);
    await api.store.verdict(service, { state: 'failed', reason: 'exit code 1' });
    const { status, body } = await stop('505');
    expect([status, body.status]).toEqual([200, 'failed']);
    const stopped = await api.store.stores.services.get(service.id);
    if (stopped === null) throw new Error('it is gone');
    expect(stopped.stopRequested).toBe(true);
    const jobs = await api.store.stores.jobs.listForService(service.id, 5);
    const observed = { jobs, demand: null, clusters: {}, history: {}, answering: [] };
    const plan = reconcileService(stopped, observed, defaultPolicy, Date.now());
    expect([plan.state, plan.actions]).toEqual(['stopped', []]);
  });

  it('takes back a start that is accepted and not applied yet', async () => {
    const accept = () =>
      api.store.accept('mine', { kind: 'startService', spec: sampleServiceSpec() });
    const id = await accept();
    expect((await stop(id, 'manager@also')).body.error.code).toBe('service_not_found');
    expect((await stop(id, 'user@mine')).status).toBe(403);
    const there = await stop(id, 'manager@mine,manager@also', { 'x-project': 'also' });
    expect(there.status).toBe(404);
    const { status, body } = await stop(id);
    expect([status, body.uuid, body.status]).toEqual([200, id, 'stopping']);
    expect(await api.store.stores.services.get(id)).toMatchObject({ stopRequested: true });
    const refused = await api.store.accept('none', {
      ...{ kind: 'startService', spec: sampleServiceSpec() },
    });
    expect((await stop(refused, 'admin@*')).status).toBe(404);
    expect((await stop(refused, 'admin@*')).body.error.code).toBe('service_not_found');
  });

  it('is for managers, and of what is theirs', async () => {
    const service = await api.store.service({ project: 'also' });
    await api.store.serviceJob(service, 1, { phase: 'queued', clusterJobId: '503' });
    expect((await stop('503', 'user@also')).status).toBe(403);
    expect((await stop('503', 'manager@mine')).body.error.code).toBe('service_not_found');
    const named = await stop('503', 'manager@mine,viewer@also', { 'x-project': 'also' });
    expect([named.status, named.body.error.code]).toEqual([403, 'forbidden']);
    expect(await api.store.stores.services.get(service.id)).toMatchObject({ stopRequested: false });
  });

  it('means the one that may be stopped, where an id is that of several', async () => {
    const seen = await api.store.service({ project: 'also' });
    const own = await api.store.service({ project: 'mine' });
    for (const service of [own, seen])
      await api.store.serviceJob(service, 1, { phase: 'queued', clusterJobId: '504' });
    const { status, body, headers } = await stop('504', 'manager@mine,viewer@also');
    expect([status, body.uuid]).toEqual([200, own.id]);
    expect(headers.get('x-ambiguous-id')).toBe(seen.id);
  });

  it('is done once with an Idempotency-Key', async () => {
    const service = await api.store.service({ project: 'mine' });
    const headers = { 'idempotency-key': 'stop-once' };
    expect((await stop(service.id, 'manager@mine', headers)).status).toBe(200);
    const again = await stop(service.id, 'manager@mine', headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    const other = await api.store.service({ project: 'mine' });
    const reused = await stop(other.id, 'manager@mine', headers);
    expect([reused.status, reused.body.error.code]).toEqual([409, 'idempotency_key_reused']);
  });
});
