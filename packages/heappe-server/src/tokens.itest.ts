import { expect, jest, test } from '@jest/globals';
import { openScene } from '../test/heappe.ts';
import type { TokenPerson } from './index.ts';

jest.setTimeout(60_000);

const projects = 'UserAndLimitationManagement/ProjectsForCurrentUser';
const people: Readonly<Record<string, TokenPerson>> = {
  ada: {
    username: 'ada',
    email: 'ada@example.org',
    permissions: { DEMO: ['heappe_exec', 'heappe_manager'] },
  },
  bob: { username: 'bob', email: 'bob@example.org', permissions: {} },
};
let asked = 0;
const personOf = async (token: string) => {
  asked += 1;
  return people[token] ?? null;
};
const byToken = { Credentials: { OpenIdAccessToken: 'ada' } };
const lexisToken = 'UserAndLimitationManagement/AuthenticateLexisToken';

test('are exchanged for a session code where headers do not count', async () => {
  const scene = await openScene({ bearer: { mode: 'session', personOf }, pollMs: null });
  const { json } = await scene.call('POST', lexisToken, byToken);
  const rows = await scene.call('GET', `${projects}?sessionCode=${json}`);
  expect(rows.json.map(({ Role }: { Role: { Name: string } }) => Role.Name)).toEqual([
    'Submitter',
    'Manager',
  ]);
  const bob = await scene.call('POST', lexisToken, { Credentials: { OpenIdAccessToken: 'bob' } });
  expect(bob).toMatchObject({
    status: 401,
    json: { detail: "External authentication: User('bob') has not User group!" },
  });
  const header = { authorization: 'Bearer ada' };
  expect((await scene.call('GET', projects, undefined, header)).status).toBe(401);
  await scene.stop();
});

test('in bearer mode the header is needed, and asked after each time', async () => {
  const scene = await openScene({ bearer: { mode: 'lexis', personOf }, pollMs: null });
  expect((await scene.call('POST', lexisToken, byToken)).json).toBe('HEADER-AUTH-NEEDED');
  const header = { authorization: 'Bearer ada' };
  asked = 0;
  expect((await scene.call('GET', projects, undefined, header)).json).toHaveLength(2);
  expect((await scene.call('GET', projects, undefined, header)).json).toHaveLength(2);
  expect(asked).toBe(2);
  const wrong = { authorization: 'Bearer eve' };
  expect(await scene.call('GET', projects, undefined, wrong)).toMatchObject({
    status: 401,
    text: 'Unauthorized',
    type: 'text/plain',
  });
  const long = { Credentials: { OpenIdAccessToken: 'x'.repeat(2048) } };
  expect((await scene.call('POST', lexisToken, long)).status).toBe(413);
  await scene.stop();
});

test.each(['lexis', 'introspection'] as const)(
  'in mode %s of 6.1 nothing goes without a header',
  async (mode) => {
    const scene = await openScene({ version: '6.1', bearer: { mode, personOf }, pollMs: null });
    const refused = { status: 401, text: 'Unauthorized', type: 'text/plain' };
    expect(await scene.call('GET', 'Health')).toMatchObject(refused);
    expect(await scene.call('POST', lexisToken, byToken)).toMatchObject(refused);
    const header = { authorization: 'Bearer ada' };
    expect((await scene.call('GET', 'Health', undefined, header)).json.Version).toBe('6.1.0');
    const { json } = await scene.call('POST', lexisToken, byToken, header);
    expect(json).toMatch(/^[0-9a-f-]{36}$/);
    expect(await scene.call('GET', `${projects}?sessionCode=${json}`)).toMatchObject(refused);
    expect((await scene.call('GET', projects, undefined, header)).json).toHaveLength(2);
    await scene.stop();
  },
);

test('introspection keeps its answers for five minutes', async () => {
  const scene = await openScene({ bearer: { mode: 'introspection', personOf }, pollMs: null });
  const header = { authorization: 'Bearer ada' };
  asked = 0;
  await scene.call('GET', projects, undefined, header);
  await scene.call('GET', projects, undefined, header);
  expect(asked).toBe(1);
  scene.server.control.advance(301_000);
  await scene.call('GET', projects, undefined, header);
  expect(asked).toBe(2);
  await scene.stop();
});
