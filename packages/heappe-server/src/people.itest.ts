import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openScene, type Scene } from '../test/heappe.ts';

jest.setTimeout(60_000);

const authenticate = 'UserAndLimitationManagement/AuthenticateUserPassword';
const projects = 'UserAndLimitationManagement/ProjectsForCurrentUser';

describe('session codes', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene({ pollMs: null });
  });
  afterAll(() => scene.stop());

  test('are GUIDs in quotes, the same while they live, and slide', async () => {
    const body = { Credentials: { Username: 'manager', Password: 'manager-password' } };
    const first = await scene.call('POST', authenticate, body);
    expect(first.text).toMatch(/^"[0-9a-f-]{36}"$/);
    expect((await scene.call('POST', authenticate, body)).text).toBe(first.text);
    scene.server.control.advance(800_000);
    expect((await scene.call('GET', `${projects}?sessionCode=${first.json}`)).status).toBe(200);
    scene.server.control.advance(800_000);
    const rows = await scene.call('GET', `${projects}?SessionCode=${first.json}`);
    expect(rows.json).toMatchObject([
      { Project: { Id: 1, AccountingString: 'demo', UsageType: 1 }, Role: { Name: 'Manager' } },
    ]);
    scene.server.control.advance(901_000);
    const late = await scene.call('GET', `${projects}?sessionCode=${first.json}`);
    expect(late).toMatchObject({
      status: 401,
      json: { title: 'Session Code Authentication Problem', status: 401 },
    });
    expect(late.json.detail).toMatch(/^Session code '.*' already expired at '.*'\.$/);
    expect((await scene.call('POST', authenticate, body)).json).not.toBe(first.json);
  });

  test('an unknown one is 401, one longer than 50 characters is 400', async () => {
    const unknown = await scene.call('GET', `${projects}?sessionCode=nobody`);
    expect(unknown).toMatchObject({
      status: 401,
      json: { title: 'Unauthorized Access', detail: 'Unauthorized' },
    });
    const body = { CreatedJobInfoId: 1, SessionCode: 'x'.repeat(51) };
    const long = await scene.call('PUT', 'JobManagement/SubmitJob', body);
    expect(long).toMatchObject({
      status: 400,
      json: {
        title: 'One or more validation errors occurred.',
        errors: { SessionCode: [expect.anything()] },
      },
    });
  });

  test('a wrong password is 502, a name that cannot be is 404, 149 bytes are 413', async () => {
    const wrong = { Credentials: { Username: 'manager', Password: 'no' } };
    expect(await scene.call('POST', authenticate, wrong)).toMatchObject({
      status: 502,
      json: {
        title: 'External Service Error',
        detail: "Authentication of user 'manager' was not successful.",
      },
    });
    const odd = { Credentials: { Username: 'a/b', Password: 'no' } };
    expect((await scene.call('POST', authenticate, odd)).status).toBe(404);
    const empty = JSON.stringify({ Credentials: { Username: 'a', Password: '' } });
    const long = { Credentials: { Username: 'a', Password: 'x'.repeat(149 - empty.length) } };
    expect(await scene.call('POST', authenticate, long)).toMatchObject({ status: 413, text: '' });
  });

  test('JSON that is none, and fields of a wrong type, are 400', async () => {
    expect((await scene.call('POST', authenticate, '{')).status).toBe(400);
    const typed = await scene.call('POST', authenticate, { Credentials: { Username: 7 } });
    expect(typed.json.errors).toHaveProperty(['$.Credentials.Username']);
  });

  test('an API key does without one; a wrong one is 401 in plain text', async () => {
    const key = { 'X-API-Key': 'manager:manager-password' };
    expect((await scene.call('GET', projects, undefined, key)).json).toHaveLength(1);
    // A session code that is there counts, and the key does not.
    const both = await scene.call('GET', `${projects}?sessionCode=nobody`, undefined, key);
    expect(both.status).toBe(401);
    const wrong = { 'X-API-Key': 'manager:wrong' };
    expect(await scene.call('GET', projects, undefined, wrong)).toMatchObject({
      status: 401,
      text: 'Status Code: 401; Unauthorized',
    });
  });

  test('an administrator makes a service account, whose key is told once', async () => {
    const SessionCode = await scene.session('admin');
    const made = await scene.call('POST', 'Management/AdaptorUser', {
      Username: 'service',
      SessionCode,
    });
    expect(made.json).toMatchObject({ Username: 'service', ApiKey: expect.any(String) });
    const given = await scene.call('POST', 'Management/AssignAdaptorUserToProject', {
      Username: 'service',
      ProjectId: 1,
      Role: 7,
      SessionCode,
    });
    expect(given.status).toBe(200);
    const key = { 'X-API-Key': `service:${made.json.ApiKey}` };
    expect((await scene.call('GET', projects, undefined, key)).json[0].Role.Name).toBe('Manager');
    const refused = await scene.call('POST', 'Management/AdaptorUser', {
      Username: 'other',
      SessionCode: await scene.session('manager'),
    });
    expect(refused.status).toBe(401);
  });

  test('a restart forgets no session', async () => {
    const code = await scene.session();
    await scene.server.control.restart();
    expect((await scene.call('GET', `${projects}?sessionCode=${code}`)).status).toBe(200);
    scene.server.control.expireSessions();
    expect((await scene.call('GET', `${projects}?sessionCode=${code}`)).status).toBe(401);
  });
});
