import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { loadAuthFile, openAuth } from '@wakefield/auth';
import { freePorts } from '@wakefield/local-stack';
import { storeFixture, testRedis } from '@wakefield/testkit';
import {
  type CookieJar,
  createCookieJar,
  startTestIssuer,
  type TestIssuer,
  testClient,
} from '@wakefield/testkit/oidc';
import { type ApiFixture, apiFixture } from '../../../test/api-fixture.ts';

jest.setTimeout(60_000);

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const folder = mkdtempSync(join(tmpdir(), 'sign-in-'));
const redis = testRedis();
let store: Awaited<ReturnType<typeof storeFixture>>;
let issuer: TestIssuer;
let api: ApiFixture;
let browser: CookieJar;

beforeAll(async () => {
  const port = await freePorts(1);
  const publicUrl = `http://127.0.0.1:${port}`;
  // Shorter than the margin at which a session is refreshed: every look takes a new token.
  issuer = await startTestIssuer({ publicUrl, accessTokenLife: 9 });
  writeFileSync(join(folder, 'secret'), testClient.secret);
  writeFileSync(
    join(folder, 'auth.yaml'),
    `
publicUrl: ${publicUrl}
issuers:
  - name: site
    title: The <Site>
    issuer: ${issuer.url}
    audiences: [wakefield]
    introspection: { clientId: ${testClient.id}, clientSecretFile: secret, cache: 1 }
    signIn: { clientId: ${testClient.id}, clientSecretFile: secret }
    grants:
      - { claim: groups, pattern: '/{project}/{role}', roles: { members: user, managers: manager } }
      - { claim: groups, pattern: operators, project: '*', role: admin }
`,
  );
  store = await storeFixture();
  await store.project('mine');
  await store.project('theirs');
  api = await apiFixture({
    stores: store.stores,
    redis,
    scheduler: false,
    port,
    authFile: await loadAuthFile(join(folder, 'auth.yaml')),
  });
});
beforeEach(() => {
  browser = createCookieJar();
  issuer.user = { id: 'ada', groups: ['/mine/members'] };
  issuer.format = 'jwt';
  issuer.audience = 'wakefield';
  issuer.denies = false;
});
afterAll(async () => {
  await api?.close();
  await issuer?.close();
  await redis.cleanup();
  await store?.close();
  rmSync(folder, { recursive: true });
});

const signIn = (more = '') => browser.follow(`${api.url}/auth/login${more}`);
/** Goes to the issuer and stops before coming back. @returns where the browser was sent back to */
const begin = async (): Promise<string> => {
  const stop = (location: string) => location.includes('/auth/callback');
  const { response } = await browser.follow(`${api.url}/auth/login`, stop);
  return response.headers.get('location') ?? '';
};
const json = async (path: string, init?: RequestInit) => {
  const response = await browser.ask(`${api.url}${path}`, init);
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the wire
  return { status: response.status, body: (await response.json()) as any };
};

describe.each(['jwt', 'opaque'] as const)('with %s tokens', (format) => {
  it('a browser signs in, uses what is its user’s, and signs out', async () => {
    issuer.format = format;
    expect((await json('/p')).status).toBe(401);
    const { url, response } = await signIn('?return_to=/swagger/index.html');
    expect([url, response.status]).toEqual([`${api.url}/swagger/index.html`, 200]);
    const { body } = await json('/auth/session');
    expect(body).toEqual({
      sign_in: [{ name: 'site', title: 'The <Site>' }],
      user: { id: 'site:ada', grants: [{ project: 'mine', role: 'user' }] },
    });
    expect((await json('/p')).body.map(({ project }: { project: string }) => project)).toEqual([
      'mine',
    ]);
    expect((await json('/p/theirs')).status).toBe(404);
    expect((await json('/ops/queues.json')).status).toBe(403);
    const word = browser.cookies.get('wakefield_session');
    const out = await browser.ask(`${api.url}/auth/logout`, { method: 'POST' });
    expect(out.headers.get('location')).toMatch(
      new RegExp(
        `^${issuer.url}/session/end\\?post_logout_redirect_uri=[^&]+&client_id=wakefield$`,
      ),
    );
    expect((await json('/p')).status).toBe(401);
    // The word is worth nothing any more, whoever kept it.
    const kept = await fetch(`${api.url}/p`, { headers: { cookie: `wakefield_session=${word}` } });
    expect(kept.status).toBe(401);
  });
});

it('a refresh token is no access token, whoever asks about it', async () => {
  issuer.format = 'opaque';
  await signIn();
  const file = await loadAuthFile(join(folder, 'auth.yaml'));
  const issuers = file.issuers.map(({ audiences: _, ...one }) => ({
    ...one,
    authorizedParties: [testClient.id],
    signIn: null,
  }));
  const { identifier } = openAuth({
    file: { ...file, issuers },
    ...{ localKey: null, sessionSeconds: 0, now: Date.now, log: silent },
    sessions: {} as never,
  });
  const tokens = issuer.refreshTokens();
  expect(tokens).not.toEqual([]);
  for (const token of tokens)
    await expect(identifier.identify(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'invalid_api_key',
      message: 'The token was not issued for this service.',
    });
});

describe('signing in', () => {
  it('leads operators to the queues, from the form', async () => {
    issuer.user = { id: 'otto', groups: ['operators'] };
    const form = await browser.ask(`${api.url}/ops/login`);
    const text = await form.text();
    expect(text).toContain('Sign in: The &lt;Site&gt;');
    const href = /href="(\/auth\/login[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    const { url, response } = await browser.follow(`${api.url}${href}`);
    expect([url, response.status]).toEqual([`${api.url}/ops/queues`, 200]);
    expect((await json('/ops/queues.json')).status).toBe(200);
  });

  it('asks the issuer as it should, and says nothing in addresses', async () => {
    const begun = await browser.ask(`${api.url}/auth/login`);
    const location = new URL(begun.headers.get('location') ?? '');
    expect(Object.fromEntries(location.searchParams)).toEqual({
      client_id: 'wakefield',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `${api.url}/auth/callback/site`,
      response_type: 'code',
      scope: 'openid',
      state: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(begun.headers.get('set-cookie')).toMatch(
      /^wakefield_way=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it('makes a new session each time, and ends the one before', async () => {
    await signIn();
    const first = browser.cookies.get('wakefield_session');
    await signIn();
    expect(browser.cookies.get('wakefield_session')).not.toBe(first);
    const kept = await fetch(`${api.url}/p`, { headers: { cookie: `wakefield_session=${first}` } });
    expect(kept.status).toBe(401);
  });

  it('sends nobody to another site', async () => {
    for (const path of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example/swagger/',
      '/ops/..//evil.example',
      '/p',
    ]) {
      browser.forget();
      const { url } = await signIn(`?return_to=${encodeURIComponent(path)}`);
      expect(url).toBe(`${api.url}/swagger/index.html`);
    }
  });

  it('works in the browser that began alone, and once', async () => {
    const callback = await begin();
    const other = createCookieJar();
    const refused = await other.ask(callback);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('did not begin to sign in here');
    expect(other.cookies.has('wakefield_session')).toBe(false);
    expect((await browser.ask(callback)).status).toBe(303);
    expect((await browser.ask(callback)).status).toBe(400);
    const changed = callback.replace(/state=[^&]+/, 'state=x');
    expect((await browser.ask(changed)).status).toBe(400);
  });

  it('works where the query of the answer has question marks of its own', async () => {
    const callback = await begin();
    const { status } = await browser.ask(callback.replace('?', '?session_state=a?b&'));
    expect(status).toBe(303);
  });

  it('works in two tabs side by side', async () => {
    const [first, second] = [await begin(), await begin()];
    expect((await browser.ask(first)).status).toBe(303);
    expect(browser.cookies.has('wakefield_way')).toBe(true);
    expect((await browser.ask(second)).status).toBe(303);
    expect(browser.cookies.has('wakefield_way')).toBe(false);
    expect((await browser.ask(first)).status).toBe(400);
    expect((await json('/p')).status).toBe(200);
  });

  it('takes the answer of the issuer alone that the browser was sent to', async () => {
    const callback = await begin();
    const refused = await browser.ask(callback.replace('/callback/site', '/callback/lab'));
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('did not begin to sign in here');
    expect((await browser.ask(callback)).status).toBe(303);
  });

  it('that the issuer refuses says so, with nothing of what came from outside', async () => {
    issuer.denies = true;
    const { response } = await signIn();
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('The issuer did not let you in.');
    const made = await browser.ask(`${api.url}/auth/callback/site?error=<script>&state=<b>`);
    expect([made.status, (await made.text()).includes('<script>')]).toEqual([400, false]);
  });

  it('whose tokens are not for us says so', async () => {
    issuer.audience = 'somebody-else';
    const { response } = await signIn();
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('was not issued for this service');
    expect(browser.cookies.has('wakefield_session')).toBe(false);
  });

  it('knows no issuer of another name', async () => {
    expect((await json('/auth/login?issuer=evil')).status).toBe(404);
  });
});

describe('a session', () => {
  it('takes new tokens while it lasts, side by side, and ends when the issuer ends it', async () => {
    await signIn();
    issuer.user = { id: 'ada', groups: ['/mine/managers'] };
    const looks = await Promise.all(Array.from({ length: 6 }, () => json('/auth/session')));
    for (const { body } of looks)
      expect(body.user.grants).toEqual([{ project: 'mine', role: 'manager' }]);
    issuer.forgetEverybody();
    expect((await json('/auth/session')).body.user).toBeNull();
    expect((await json('/p')).status).toBe(401);
  });

  it('is not taken from other sites, and keys go before it', async () => {
    issuer.user = { id: 'bo', groups: ['/mine/managers'] };
    await signIn();
    const body = JSON.stringify({ hf_model_id: 'a/b', gpu_count: 1 });
    const headers = { 'content-type': 'application/json' };
    const put = (from: Record<string, string>) =>
      json('/p/mine/models', { method: 'PUT', headers: { ...headers, ...from }, body });
    expect((await put({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await put({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await put({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await put({ authorization: 'Bearer wrong' })).status).toBe(401);
    const out = await browser.ask(`${api.url}/auth/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(out.status).toBe(403);
    expect((await json('/p')).status).toBe(200);
  });

  it('leaves no token and no word of a browser in the log or in the store', async () => {
    issuer.user = { id: 'carol', groups: ['/mine/members'] };
    await signIn();
    const word = browser.cookies.get('wakefield_session') ?? 'none';
    expect(api.log()).not.toContain(word);
    expect(api.log()).not.toMatch(/eyJ[\w-]{10}|planted-client-secret|[?&](code|state)=/);
    const values = await redis.texts();
    expect(values.length).toBeGreaterThan(0);
    for (const text of values) {
      expect(text).not.toContain(word);
      // What is sealed may hold these three letters by chance, but never a dot.
      expect(text).not.toMatch(/eyJ[\w-]+\./);
    }
  });
});
