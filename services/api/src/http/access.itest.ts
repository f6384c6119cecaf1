import { beforeAll, describe, expect, it } from '@jest/globals';
import { endpoints } from '@wakefield/contracts';
import {
  decideAccess,
  type OperationName,
  type Principal,
  type Role,
  roles,
} from '@wakefield/domain';
import { apiSuite } from '../../test/api-suite.ts';

/** The key says who it is: `role@project`; `nothing@` is known and has no grants. */
function principalOf(authorization: string | undefined): Principal | null {
  const [role, project = ''] = authorization?.replace('Bearer ', '').split('@') ?? [];
  if (role === undefined) return null;
  const grants = project === '' ? [] : [{ project, role: role as Role }];
  return { kind: 'user', id: `${role} of ${project}`, grants };
}

const api = apiSuite({
  scheduler: false,
  commandWaitMs: 0,
  identifier: { identify: principalOf },
});
const served = endpoints.filter(({ open, atTheDoor }) => open !== true && atTheDoor !== true);
const keys = [
  null,
  'nothing@',
  ...roles.flatMap((role) => ['mine', 'theirs', '*'].map((project) => `${role}@${project}`)),
];

beforeAll(async () => {
  await api.store.project('mine');
  await api.store.project('theirs');
});

/** The whole way through HTTP: what is decided purely is what is answered. */
describe.each(keys)('%s', (key) => {
  it.each(served.map((endpoint) => [endpoint.operationId, endpoint] as const))(
    '%s',
    async (operationId, { method, path }) => {
      const principal = principalOf(key === null ? undefined : `Bearer ${key}`);
      const url = path
        .replace('{project}', 'mine')
        .replace('{hf_model_id}', 'a/b')
        .replace('{id}', '0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11');
      const body = operationId === 'activateProject' ? { project: 'mine' } : undefined;
      // Calls that say of no project in their path.
      const headers = { 'x-project': 'mine' };
      const { status, body: said } = await api.call(method.toUpperCase(), url, {
        ...{ key, body, headers },
      });
      const refusal = [401, 403].includes(status) || said?.error?.code === 'project_not_found';
      const found = refusal ? status : null;
      const expected = { granted: null, unknown: 401, hidden: 404, forbidden: 403 };
      const access = decideAccess(principal, operationId as OperationName, 'mine');
      expect([operationId, found]).toEqual([operationId, expected[access]]);
    },
  );
});

it('says the same of a project of others as of one that is not there', async () => {
  const words = async (project: string) => {
    const answer = await api.call('GET', `/p/${project}/models`, { key: 'manager@mine' });
    return answer.text.replaceAll(project, '').replace(/req_\w+/, '');
  };
  expect(await words('theirs')).toBe(await words('nowhere'));
});
