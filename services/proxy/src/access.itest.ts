import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AuthFile, openAuth, withoutAuthFile } from '@wakefield/auth';
import { endpoints } from '@wakefield/contracts';
import {
  AppError,
  decideAccess,
  type OperationName,
  type Principal,
  type Role,
  roles,
} from '@wakefield/domain';
import { chat, type Harness, startHarness } from '../test/harness.ts';
import { offer } from '../test/offer.ts';

/** The key says who it is: `role@project`. What begins with `later:` is looked up first, `away` cannot be. */
function principalOf(key: string): Principal | null {
  const [role = '', project] = key.split('@');
  if (project === undefined) return null;
  const grants = project === '' ? [] : [{ project, role: role as Role }];
  return { kind: 'user', id: key, grants };
}

const session: Principal = {
  kind: 'user',
  id: 'session',
  grants: [{ project: 'demo', role: 'user' }],
};

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const unasked: AuthFile['issuers'][number] = {
  ...{ name: 'site', title: 'Site', issuer: 'https://sso.example.org', audiences: ['w'] },
  ...{ algorithms: ['RS256'], clockTolerance: 10, timeout: 1 },
  ...{ introspection: null, signIn: null, grants: [] },
};

let proxy: Harness;
beforeAll(async () => {
  proxy = await startHarness({}, {}, undefined, {
    identifier: {
      identify: (authorization) => {
        const key = authorization?.replace('Bearer ', '');
        if (key === undefined) return null;
        if (key === 'away')
          return Promise.reject(new AppError('issuer_unavailable', 'It is away.'));
        if (key === 'broken') return Promise.reject(new Error('planted'));
        const found = principalOf(key.replace('later:', ''));
        return key.startsWith('later:') ? Promise.resolve(found) : found;
      },
    },
    browsers: {
      identify: async (cookie) => {
        if (cookie === 'wakefield_session=unread')
          throw new AppError('store_unavailable', 'Nobody can look at it.');
        return cookie === 'wakefield_session=good' ? session : null;
      },
    },
  });
  proxy.addProject('other');
  await proxy.caughtUp();
});
afterAll(() => proxy.stop());

const ask = async (operationId: string, headers: Record<string, string>, project = 'demo') => {
  const endpoint = endpoints.find((one) => one.operationId === operationId);
  if (endpoint === undefined) throw new Error(`no ${operationId}`);
  const url = `${proxy.url}${endpoint.path.replace('{project}', project)}`;
  const response =
    operationId === 'openRealtimeSession'
      ? await offer(`${url}?model=no/such`, headers)
      : await fetch(url, {
          method: endpoint.method.toUpperCase(),
          headers: { 'content-type': 'application/json', ...headers },
          ...(endpoint.method === 'post' ? { body: '{"model":"no/such"}' } : {}),
        });
  const text = await response.text();
  return {
    status: response.status,
    text,
    code: JSON.parse(text).error?.code,
    headers: response.headers,
  };
};

/** What was logged of a request. */
const loggedOf = ({ headers }: { readonly headers: Headers }): unknown => {
  const id = headers.get('x-request-id') ?? 'none';
  return JSON.parse(proxy.log.find((line) => line.includes(id)) ?? 'null');
};

const openai = endpoints
  .filter(({ tag }) => tag === 'OpenAI')
  .map(({ operationId }) => operationId);
const keys = [
  null,
  'unknown',
  'nothing@',
  ...roles.flatMap((role) => ['demo', 'other', '*'].map((project) => `${role}@${project}`)),
];

describe.each(keys.flatMap((key) => (key === null ? [key] : [key, `later:${key}`])))(
  '%s',
  (key) => {
    it.each(openai)('%s', async (operationId) => {
      const headers: Record<string, string> =
        key === null ? {} : { authorization: `Bearer ${key}` };
      const { status, code } = await ask(operationId, headers);
      const refused = [401, 403].includes(status) || code === 'project_not_found';
      const principal = key === null ? null : principalOf(key.replace('later:', ''));
      const expected = { granted: null, unknown: 401, hidden: 404, forbidden: 403 };
      const access = decideAccess(principal, operationId as OperationName, 'demo');
      expect(refused ? status : null).toBe(expected[access]);
    });
  },
);

describe('at the door', () => {
  it('a project of others reads as one that is not there', async () => {
    const words = async (project: string) => {
      const { text } = await ask(
        'createChatCompletion',
        { authorization: 'Bearer user@demo' },
        project,
      );
      return text.replaceAll(project, '').replace(/req_\w+/, '');
    };
    expect(await words('other')).toBe(await words('nowhere'));
  });

  it.each(openai)(
    '%s is an honest 503 where nobody can tell who calls, and a 500 where we fail',
    async (one) => {
      const away = await ask(one, { authorization: 'Bearer away' });
      expect([away.status, away.code]).toEqual([503, 'issuer_unavailable']);
      expect(away.headers.get('retry-after')).toBe('2');
      const broken = await ask(one, { authorization: 'Bearer broken' });
      expect([broken.status, broken.text.includes('planted')]).toEqual([500, false]);
    },
  );

  it('a bad token is told so as RFC 6750 has it', async () => {
    const { headers } = await ask('listOpenAIModels', { authorization: 'Bearer unknown' });
    expect(headers.get('www-authenticate')).toBe('Bearer realm="wakefield", error="invalid_token"');
    const nothing = await ask('listOpenAIModels', {});
    expect(nothing.headers.get('www-authenticate')).toBe('Bearer realm="wakefield"');
  });

  it('a session that nobody can look at is a 503, and a key beside it goes before it', async () => {
    const cookie = 'wakefield_session=unread';
    for (const one of openai) {
      const { status, code } = await ask(one, { cookie });
      expect([status, code]).toEqual([503, 'store_unavailable']);
    }
    const known = await ask('listOpenAIModels', { cookie, authorization: 'Bearer user@demo' });
    expect(known.status).toBe(200);
  });

  it('a session of a browser opens no session with an engine for a page of another site', async () => {
    const cookie = 'wakefield_session=good';
    const from = (origin: string) => ask('openRealtimeSession', { cookie, origin });
    expect((await from('https://evil.example')).status).toBe(403);
    expect(await from(proxy.url)).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('the log and the command of a wake say who it was', async () => {
    proxy.route('a/asleep', {});
    const answer = await chat(
      proxy.url,
      { model: 'a/asleep' },
      { headers: { authorization: 'Bearer later:user@demo', prefer: 'wait=0' } },
    );
    expect(answer.status).toBe(503);
    expect([proxy.wakes, proxy.wokenBy]).toEqual([['demo/a/asleep'], ['user@demo']]);
    expect(loggedOf(answer)).toMatchObject({ msg: 'inference request', principal: 'user@demo' });
  });

  it.each<[string, Record<string, string>, string | null]>([
    ['by a key', { authorization: 'Bearer user@demo' }, 'user@demo'],
    ['by a session', { cookie: 'wakefield_session=good' }, 'session'],
    ['who may not', { authorization: 'Bearer user@other' }, 'user@other'],
    ['by nobody', {}, null],
  ])('the log says who it was %s', async (_how, headers, principal) => {
    for (const one of openai)
      expect(loggedOf(await ask(one, headers))).toMatchObject({ project: 'demo', principal });
  });

  it('the log has the cause, and the answer does not', async () => {
    for (const one of openai) {
      const answer = await ask(one, { authorization: 'Bearer broken' });
      const logged = loggedOf(answer);
      expect([answer.status, answer.text.includes('planted')]).toEqual([500, false]);
      expect(logged).toMatchObject({ code: 'internal_error', err: { message: 'planted' } });
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ['of ours', {}, 404],
    ['of ours by its own word', { 'sec-fetch-site': 'same-origin' }, 404],
    ['of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['of another site over plain HTTP', { origin: 'http://evil.example' }, 403],
    ['beside a key that is no good', { authorization: 'Bearer unknown' }, 401],
  ])('a session speaks for a page %s, or not', async (_of, headers, status) => {
    const answer = await ask('createChatCompletion', {
      cookie: 'wakefield_session=good',
      ...headers,
    });
    expect(answer.status).toBe(status);
    if (status === 404) expect(answer.code).toBe('model_not_found');
  });
});

describe('the static key', () => {
  const statusOf = async (staticKey: AuthFile['staticKey'], project: string) => {
    const auth = openAuth({
      file: { ...withoutAuthFile, staticKey, issuers: [unasked] },
      ...{ localKey: 'the-static-key', sessions: {} as never, sessionSeconds: 0 },
      ...{ now: Date.now, log: silent },
    });
    const one = await startHarness({}, {}, undefined, auth);
    one.addProject('other');
    await one.caughtUp();
    try {
      const url = `${one.url}/p/${project}/openai/v1/models`;
      return (await fetch(url, { headers: { authorization: 'Bearer the-static-key' } })).status;
    } finally {
      await one.stop();
    }
  };

  it.each<[string, AuthFile['staticKey'], number, number]>([
    ['opens everything', { enabled: true }, 200, 200],
    ['that is limited opens its projects', { enabled: true, projects: ['demo'] }, 200, 404],
    ['that is switched off opens nothing', { enabled: false }, 401, 401],
  ])('%s', async (_what, staticKey, mine, theirs) => {
    expect(await statusOf(staticKey, 'demo')).toBe(mine);
    expect(await statusOf(staticKey, 'other')).toBe(theirs);
  });
});
