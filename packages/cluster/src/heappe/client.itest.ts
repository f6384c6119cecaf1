import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startTestHeappe, type TestHeappe } from '@wakefield/testkit';
import { createHeappeClient, type HeappeClient } from './client.ts';
import { createExchange } from './exchange.ts';

jest.setTimeout(30_000);

const signal = AbortSignal.timeout(600_000);
let heappe: TestHeappe;
const clients: HeappeClient[] = [];
beforeAll(async () => {
  heappe = await startTestHeappe();
});
afterEach(async () => {
  heappe.server.control.clearFaults();
  for (const client of clients.splice(0)) await client.close();
});
afterAll(() => heappe.stop());

function clientOf(change: Readonly<Record<string, unknown>> = {}, calls: string[] = []) {
  const client = createHeappeClient(heappe.config(change), {
    onRoundTrip: (path) => calls.push(path),
  });
  clients.push(client);
  return client;
}
const SIGN_IN = 'UserAndLimitationManagement/AuthenticateUserPassword';

describe('signing in', () => {
  test('is done once for many calls at once', async () => {
    const calls: string[] = [];
    const client = clientOf({}, calls);
    await Promise.all([1, 2, 3, 4].map(() => client.jobs.list([], signal)));
    expect(calls.filter((path) => path === SIGN_IN)).toHaveLength(1);
  });

  test('is done again when the session is over, and the call goes on', async () => {
    const calls: string[] = [];
    const client = clientOf({}, calls);
    await client.jobs.list([], signal);
    heappe.server.control.expireSessions();
    await Promise.all([client.jobs.list([], signal), client.jobs.list([], signal)]);
    expect(calls.filter((path) => path === SIGN_IN)).toHaveLength(2);
    heappe.server.control.advance(901_000);
    await client.jobs.list([], signal);
    expect(calls.filter((path) => path === SIGN_IN)).toHaveLength(3);
  });

  test('with an API key needs no session', async () => {
    const calls: string[] = [];
    const credential = { kind: 'api-key', user: 'manager', keyFile: 'key' };
    await clientOf({ credential }, calls).jobs.list([], signal);
    expect(calls).not.toContain(SIGN_IN);
  });

  test.each([
    [{ kind: 'password', user: 'manager', passwordFile: 'wrong' }, /user or password is wrong/],
    [{ kind: 'api-key', user: 'manager', keyFile: 'wrong' }, /./],
    [{ kind: 'bearer', tokenFile: 'wrong' }, /./],
    [{ kind: 'password', user: 'manager', passwordFile: 'nowhere' }, /cannot be read: ENOENT/],
    [{ kind: 'password', user: 'manager', passwordFile: 'long' }, /HEAppE takes 148 bytes/],
  ])('with %j needs a person', async (credential, message) => {
    await heappe.write('wrong', 'wrong');
    await heappe.write('long', 'x'.repeat(120));
    await expect(clientOf({ credential }).jobs.list([], signal)).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringMatching(message),
    });
  });

  test('with an API key is refused by us where HEAppE would ignore it', async () => {
    const credential = { kind: 'api-key', user: 'manager', keyFile: 'key' };
    await expect(
      clientOf({ credential, version: '6.1' }).jobs.list([], signal),
    ).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringMatching(/6\.2/) });
  });

  test('without the role is told as such', async () => {
    await heappe.write('reporter-password', 'reporter-password');
    const credential = { kind: 'password', user: 'reporter', passwordFile: 'reporter-password' };
    await expect(clientOf({ credential }).jobs.list([], signal)).rejects.toMatchObject({
      kind: 'misconfigured',
      status: 401,
    });
  });
});

describe('signing in with a token', () => {
  const person = {
    username: 'someone',
    email: 'someone@example.eu',
    permissions: { demo: ['heappe_exec'] },
  };
  const personOf = async (token: string) => (token === 'good' ? person : null);

  test.each([
    ['5.0', 'session'],
    ['6.0', 'session'],
    ['6.1', 'session'],
    ['6.2', 'session'],
    ['6.3', 'introspection'],
    ['6.1', 'lexis'],
    ['6.3', 'lexis'],
  ] as const)('works with %s in mode %s', async (version, mode) => {
    const other = await startTestHeappe({ version, bearer: { mode, personOf } });
    const config = other.config({ credential: { kind: 'bearer', tokenFile: 'token' } });
    const client = createHeappeClient(config);
    try {
      await other.write('token', 'bad');
      await expect(client.jobs.list([], signal)).rejects.toMatchObject({ kind: 'misconfigured' });
      // Whoever keeps the file fresh has done so.
      await other.write('token', 'good\n');
      expect(await client.jobs.list([], signal)).toEqual([]);
    } finally {
      await client.close();
      await other.stop();
    }
  });
});

test('a token whose issuer failed for a moment is tried again', async () => {
  const personOf = async () => ({
    username: 'someone',
    email: 'someone@example.eu',
    permissions: { demo: ['heappe_exec'] },
  });
  const other = await startTestHeappe({ version: '6.1', bearer: { mode: 'session', personOf } });
  await other.write('token', 'good');
  const config = other.config({ credential: { kind: 'bearer', tokenFile: 'token' } });
  const client = createHeappeClient(config);
  try {
    for (const status of [502, 429, 500]) {
      const effect = { kind: 'status', status } as const;
      const action = 'AuthenticateLexisToken';
      other.server.control.addFault({ action, when: 'before', effect, times: 1 });
      await expect(client.jobs.list([], signal)).rejects.toMatchObject({ status });
    }
    expect(await client.jobs.list([], signal)).toEqual([]);
  } finally {
    await client.close();
    await other.stop();
  }
});

test('the version is known although nobody says it any more', async () => {
  let ahead = 0;
  const calls: string[] = [];
  const elapsed = () => performance.now() + ahead;
  const onRoundTrip = (path: string) => calls.push(path);
  const client = createHeappeClient(heappe.config(), { elapsed, onRoundTrip });
  clients.push(client);
  await Promise.all([1, 2, 3].map(() => client.jobs.list([], signal)));
  const asked = () => calls.filter((path) => path === 'Health').length;
  expect(asked()).toBe(1);
  const hang = { action: 'Health', when: 'before', effect: { kind: 'hang' }, times: null } as const;
  heappe.server.control.addFault(hang);
  ahead += 301_000;
  await Promise.all([1, 2, 3].map(() => client.jobs.list([], signal)));
  expect(asked()).toBe(2);
});

test('a long body arrives whole', async () => {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    const length = request.headers['content-length'];
    request.on('end', () => response.end(`${length} ${Buffer.concat(pieces).length}`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const exchange = createExchange({ url, connectTimeoutMs: 1000, ca: null });
  const call = { method: 'POST', path: 'x', body: 'ä'.repeat(200_000), timeoutMs: 5000 } as const;
  expect(await exchange.text('x', call, signal)).toBe('400000 400000');
  await exchange.close();
  server.close();
});

describe('a call', () => {
  test('that is too long is not sent', async () => {
    const calls: string[] = [];
    const client = clientOf({}, calls);
    await client.jobs.list([], signal);
    calls.length = 0;
    const request = { taskId: 1, node: 'cn01', port: 1, path: '/', headers: [] };
    // Each quote is two bytes in JSON.
    const payload = '"'.repeat(2_500_000);
    await expect(client.transfers.post({ ...request, payload }, signal)).rejects.toMatchObject({
      kind: 'refused',
      status: 413,
      detail: expect.stringMatching(/HEAppE takes 5000000$/),
    });
    expect(calls).toEqual([]);
  });

  test.each([
    ['disconnect', 'unreachable'],
    ['hang', 'unreachable'],
  ] as const)('that is answered by %s is %s', async (kind, expected) => {
    const client = clientOf({ timeouts: { command: '1s' } });
    await client.jobs.list([], signal);
    heappe.server.control.addFault({
      action: 'ListJobsForCurrentUser',
      when: 'before',
      effect: { kind },
      times: null,
    });
    await expect(client.jobs.list([], signal)).rejects.toMatchObject({
      kind: expected,
      status: null,
    });
  });

  test('to somebody who is no HEAppE needs a person', async () => {
    const url = `${heappe.server.url}/elsewhere`;
    await expect(clientOf({ url, version: '6.3' }).jobs.list([], signal)).rejects.toMatchObject({
      kind: 'misconfigured',
    });
  });

  test('to nobody is unreachable', async () => {
    await expect(clientOf({ url: 'http://127.0.0.1:9' }).health(signal)).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  test('ends when it is given up', async () => {
    const client = clientOf();
    heappe.server.control.addFault({
      action: 'Health',
      when: 'before',
      effect: { kind: 'hang' },
      times: null,
    });
    const giveUp = AbortSignal.timeout(100);
    await expect(client.health(giveUp)).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

test.each(['5.0.0', '6.0.0', '6.1.0'])('the version of %s is found out', async (version) => {
  const old = await startTestHeappe({ version });
  const client = createHeappeClient(old.config());
  try {
    expect(await client.version(signal)).toBe(version);
  } finally {
    await client.close();
    await old.stop();
  }
});
