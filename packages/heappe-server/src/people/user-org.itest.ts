import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { userOrg } from './user-org.ts';

const server = createServer((request, response) => {
  const known =
    request.url === '/org/api/UserInfo/Extended' &&
    request.headers.authorization === 'Bearer good' &&
    request.headers['x-api-token'] === 'good';
  response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      UserName: 'ada',
      Email: 'ada@example.org',
      SystemRoles: [
        {
          ProjectShortName: 'one',
          ProjectResources: [{ Name: 'eu-00-00' }, { Name: 'eu-00-01' }],
          SystemPermissionTypes: ['heappe_exec'],
        },
        { ProjectResources: [{ Name: 'eu-00-01' }], SystemPermissionTypes: ['heappe_manager'] },
      ],
    }),
  );
});
let base: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/org/`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

test('UserOrg says whose a token is, and what for', async () => {
  expect(await userOrg(base)('good')).toEqual({
    username: 'ada',
    email: 'ada@example.org',
    permissions: { 'eu-00-00': ['heappe_exec'], 'eu-00-01': ['heappe_exec', 'heappe_manager'] },
  });
  expect(await userOrg(base)('bad')).toBeNull();
});
