import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Principal } from '@wakefield/domain';
import { apiSuite } from '../../../test/api-suite.ts';

/** The token says who it is: `role@project`. */
function principalOf(authorization: string | undefined): Principal | null {
  const [role, project] = authorization?.replace('Bearer ', '').split('@') ?? [];
  if (role === undefined || project === undefined) return null;
  return {
    kind: 'user',
    id: `${role} of ${project}`,
    grants: [{ project, role: role as 'viewer' }],
  };
}

const api = apiSuite({ identifier: { identify: principalOf } });

beforeAll(async () => {
  await api.store.project('mine');
  await api.store.project('theirs');
});

const body = { hf_model_id: 'a/b', gpu_count: 1, engine: 'simulator' };

describe('roles', () => {
  it('show only what is theirs', async () => {
    const { body: list } = await api.call('GET', '/p', { key: 'viewer@mine' });
    expect(list.map(({ project }: { project: string }) => project)).toEqual(['mine']);
    const other = await api.call('GET', '/p/theirs', { key: 'viewer@mine' });
    const none = await api.call('GET', '/p/nothing', { key: 'viewer@mine' });
    expect(other.body.error.code).toBe('project_not_found');
    expect(other.body.error.message.replace('theirs', '')).toBe(
      none.body.error.message.replace('nothing', ''),
    );
  });

  it.each(['viewer@mine', 'user@mine'])('%s may look but not change', async (key) => {
    expect((await api.call('GET', '/p/mine/models', { key })).status).toBe(200);
    for (const [method, path, payload] of [
      ['PUT', '/p/mine/models', body],
      ['POST', '/p/mine/models', { hf_model_id: 'a/b' }],
      ['DELETE', '/p/mine/models?hf_model_id=a/b', undefined],
      ['POST', '/p/mine/models/sleep', { hf_model_id: 'a/b' }],
      ['POST', '/p', { project: 'mine' }],
    ] as const) {
      const answer = await api.call(method, path, { key, body: payload });
      expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden']);
    }
  });

  it('let managers change what is theirs alone', async () => {
    const key = 'manager@mine';
    expect((await api.call('PUT', '/p/mine/models', { key, body })).status).toBe(201);
    expect((await api.call('PUT', '/p/theirs/models', { key, body })).status).toBe(404);
    expect((await api.call('POST', '/p', { key, body: { project: 'theirs' } })).status).toBe(404);
  });
});
