import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePorts } from '@wakefield/local-stack';
import { createCookieJar } from '@wakefield/testkit/oidc';
import OpenAI from 'openai';
import {
  decoded,
  encoded,
  hmacSigned,
  isSignedBy,
  kidOf,
  publicTexts,
  signedAnew,
  strangerSigned,
} from './oidc/forged.ts';
import { inChromium } from './oidc/in-chromium.ts';
import { type Keycloak, startKeycloak } from './oidc/keycloak.ts';
import { authFile, clientSecret, password, realmOf } from './oidc/realm.ts';
import { tryByHeappe } from './oidc/try-by-heappe.ts';
import { tryDeviceFlow } from './oidc/try-device-flow.ts';
import { tryInChromium } from './oidc/try-in-chromium.ts';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

const home = process.env.WAKEFIELD_TEST_KEYCLOAK ?? '';
const project = 'eu-00-00';
const model = 'wakefield/simulator';

const folder = await mkdtemp(join(tmpdir(), 'wakefield-oidc-'));
let keycloak: Keycloak;
let wakefield: Wakefield;

beforeAll(async () => {
  const port = await freePorts(1);
  const publicUrl = `http://127.0.0.1:${port}`;
  keycloak = await startKeycloak(home, {
    site: realmOf('site', publicUrl),
    strict: realmOf('strict', publicUrl),
    foreign: realmOf('foreign', publicUrl),
  });
  await writeFile(join(folder, 'secret'), clientSecret);
  await writeFile(join(folder, 'auth.yaml'), authFile(publicUrl, keycloak.issuer));
  wakefield = await startWakefield({
    port,
    args: ['--heappe'],
    env: { LOG_LEVEL: 'debug', WAKEFIELD_AUTH: join(folder, 'auth.yaml') },
  });
}, 600_000);
afterAll(async () => {
  await wakefield?.stop();
  await keycloak?.kill();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const ask = (token: string, method: string, path: string, body?: unknown) =>
  wakefield.call(method, path, body, { authorization: `Bearer ${token}` });
const as = async (user: string, method: string, path: string, body?: unknown) =>
  await ask(await keycloak.token('site', user), method, path, body);
const chat = { model, messages: [{ role: 'user' as const, content: 'Say hello.' }], max_tokens: 4 };
const chatPath = `/p/${project}/openai/v1/chat/completions`;

describe('people of a realm', () => {
  test('a manager activates and registers, a member chats, a guest looks', async () => {
    const activated = await as('mia', 'POST', '/p', { project, cluster: 'local' });
    expect(activated.status).toBe(201);
    expect((await as('theo', 'POST', '/p', { project: 'eu-00-01', cluster: 'local' })).status).toBe(
      201,
    );
    const spec = { hf_model_id: model, gpu_count: 1, engine: 'simulator' };
    expect((await as('ada', 'PUT', `/p/${project}/models`, spec)).status).toBe(403);
    expect((await as('mia', 'PUT', `/p/${project}/models`, spec)).status).toBe(201);
    const client = new OpenAI({
      baseURL: `${wakefield.url}/p/${project}/openai/v1`,
      apiKey: await keycloak.token('site', 'ada'),
      maxRetries: 0,
    });
    const answer = await client.chat.completions.create(chat);
    expect(answer.choices[0]?.message.content).toBeTruthy();
    expect((await as('vera', 'GET', `/p/${project}/models`)).status).toBe(200);
    expect((await as('vera', 'POST', chatPath, chat)).status).toBe(403);
  }, 120_000);

  test.each([
    ['vera', [project]],
    ['theo', ['eu-00-01']],
    ['nora', []],
    ['otto', ['demo', project, 'eu-00-01']],
  ])('%s sees what is theirs alone', async (user, expected) => {
    const { body } = await as(user, 'GET', '/p');
    expect(body.map((one: { project: string }) => one.project).sort()).toEqual(expected);
  });

  test('everything of other projects is not there', async () => {
    for (const [method, path, body] of [
      ['GET', `/p/${project}`],
      ['GET', `/p/${project}/models`],
      ['PUT', `/p/${project}/models`, { hf_model_id: model, gpu_count: 1 }],
      ['POST', chatPath, chat],
      ['GET', `/p/${project}/openai/v1/models`],
      ['POST', '/p', { project }],
    ] as const) {
      const answer = await as('theo', method, path, body);
      expect([path, answer.status, answer.body.error?.code]).toEqual([
        path,
        404,
        'project_not_found',
      ]);
    }
  });

  test('a manager activates on HEAppE, a member chats there', async () => {
    await tryByHeappe(wakefield, (user) => keycloak.token('site', user));
  }, 120_000);

  test('the queues are for admins', async () => {
    expect((await as('otto', 'GET', '/ops/queues.json')).status).toBe(200);
    expect((await as('mia', 'GET', '/ops/queues.json')).status).toBe(403);
  });

  test('the static key works beside them', async () => {
    expect((await wakefield.call('GET', '/p')).status).toBe(200);
  });
});

describe('a token that is no good', () => {
  const refused = async (token: string, words: string) => {
    for (const [method, path, body] of [
      ['GET', '/p'],
      ['POST', chatPath, chat],
    ] as const) {
      const { status, headers, body: said } = await ask(token, method, path, body);
      expect([path, status, said.error.message]).toEqual([
        path,
        401,
        expect.stringContaining(words),
      ]);
      expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(JSON.stringify(said)).not.toContain(token.slice(0, 60));
    }
  };

  test('expired', async () => {
    const token = await keycloak.token('site', 'ada', 'short');
    expect((await ask(token, 'GET', '/p')).status).toBe(200);
    await eventually('it has expired', async () => (await ask(token, 'GET', '/p')).status === 401);
    await refused(token, 'has expired');
  });

  test('for another audience', async () => {
    await refused(await keycloak.token('site', 'ada', 'stranger'), 'not issued for this service');
  });

  test('of another realm', async () => {
    await refused(await keycloak.token('foreign', 'ada'), 'does not know');
  });

  test('of another realm that calls itself ours', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await keycloak.useKey('foreign', privateKey);
    const token = await keycloak.token('foreign', 'ada');
    const forged = signedAnew(token, { iss: keycloak.issuer('site') }, privateKey);
    // A good signature of a realm that nobody has configured, under the name of one that is.
    expect(isSignedBy(forged, await keycloak.publicKeyOf('foreign', token))).toBe(true);
    await refused(forged, 'not valid');
  });

  test('without a signature', async () => {
    const [, payload] = (await keycloak.token('site', 'ada')).split('.');
    await refused(`${encoded({ alg: 'none', typ: 'JWT' })}.${payload}.`, 'not valid');
  });

  test('signed with the public key as a secret', async () => {
    const token = await keycloak.token('site', 'ada');
    const key = await keycloak.publicKeyOf('site', token);
    expect(isSignedBy(token, key)).toBe(true);
    for (const text of publicTexts(key)) await refused(hmacSigned(token, text), 'not valid');
  });

  test('tampered with', async () => {
    const [header, payload = '', signature] = (await keycloak.token('site', 'vera')).split('.');
    const claims = { ...decoded(payload), groups: [`/projects/${project}/managers`] };
    await refused([header, encoded(claims), signature].join('.'), 'not valid');
  });

  test('that is an ID token, or a refresh token', async () => {
    const made = await keycloak.grant('site', {
      ...{ grant_type: 'password', client_id: 'wakefield-cli', scope: 'openid' },
      ...{ username: 'ada', password },
    });
    await refused(made.id_token ?? '', 'not issued for this service');
    await refused(made.refresh_token ?? '', 'not valid');
  });

  test('of an account that was disabled, where the issuer is asked', async () => {
    const token = await keycloak.token('strict', 'dora');
    expect((await ask(token, 'GET', `/p/${project}`)).status).toBe(200);
    await keycloak.disable('strict', 'dora');
    await eventually('it is refused', async () => (await ask(token, 'GET', '/p')).status === 401);
    const again = {
      grant_type: 'password',
      client_id: 'wakefield-cli',
      username: 'dora',
      password,
    };
    expect((await keycloak.grant('strict', again)).status).toBe(400);
  });
});

describe('keys', () => {
  test('that were rotated are found, and tokens of the old ones stay good for their life', async () => {
    const old = await keycloak.token('site', 'ada');
    await keycloak.rotateKeys('site');
    const token = await keycloak.token('site', 'ada');
    expect(kidOf(token)).not.toBe(kidOf(old));
    await eventually(
      'the new key is known',
      async () => (await ask(token, 'GET', '/p')).status === 200,
    );
    expect((await ask(old, 'GET', '/p')).status).toBe(200);
  });
});

describe('a browser', () => {
  test('signs in by the form of Keycloak, and out again', async () => {
    const jar = createCookieJar();
    const { url, response } = await jar.follow(`${wakefield.url}/auth/login?return_to=/ops/queues`);
    expect(url).toContain('/realms/site/');
    const action = /<form[^>]*action="([^"]+)"/.exec(await response.text())?.[1] ?? '';
    const posted = await jar.ask(action.replaceAll('&amp;', '&'), {
      method: 'POST',
      body: new URLSearchParams({ username: 'otto', password, credentialId: '' }),
    });
    const landed = await jar.follow(posted.headers.get('location') ?? '');
    expect([landed.url, landed.response.status]).toEqual([`${wakefield.url}/ops/queues`, 200]);
    const models = await jar.ask(`${wakefield.url}/p/${project}/openai/v1/models`);
    expect(models.status).toBe(200);
    const out = await jar.ask(`${wakefield.url}/auth/logout`, { method: 'POST' });
    expect(out.headers.get('location')).toMatch(
      /\/realms\/site\/protocol\/openid-connect\/logout\?/,
    );
    expect((await jar.ask(`${wakefield.url}/p`)).status).toBe(401);
  });

  inChromium(
    'signs in on the page of the API, tries something out, and signs out',
    async (page) => {
      await tryInChromium(page, { url: wakefield.url, project, model });
    },
  );

  inChromium('allows a command line to sign in by the device flow', async (page) => {
    const token = await tryDeviceFlow(page, keycloak.issuer('site'));
    expect((await ask(token, 'POST', chatPath, chat)).status).toBe(200);
  });
});

describe('when Keycloak is gone', () => {
  test('tokens of known keys are good for their life, others are an honest 503', async () => {
    const known = await keycloak.token('site', 'ada');
    const unseen = await keycloak.token('site', 'mia');
    const asked = await keycloak.token('strict', 'ada');
    for (const token of [known, asked]) expect((await ask(token, 'GET', '/p')).status).toBe(200);
    expect((await ask(known, 'POST', chatPath, chat)).status).toBe(200);
    await keycloak.kill();
    for (const token of [known, unseen, asked])
      expect((await ask(token, 'GET', '/p')).status).toBe(200);
    expect((await ask(known, 'POST', chatPath, chat)).status).toBe(200);
    const strange = strangerSigned(known);
    const answer = await eventually('it is looked for', async () => {
      const found = await ask(strange, 'POST', chatPath, chat);
      // So soon after the last look at the keys it is a key that is not there.
      return found.status === 401 ? null : found;
    });
    expect([answer.status, answer.body.error.code]).toEqual([503, 'issuer_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('no token and no secret was written down', async () => {
    const logs = join(wakefield.directory, 'logs');
    const names = await readdir(logs);
    const texts = await Promise.all(names.map((name) => readFile(join(logs, name), 'utf8')));
    const all = texts.join('\n') + wakefield.output();
    expect(all.length).toBeGreaterThan(1000);
    for (const secret of [
      /eyJhbGci[\w-]+/,
      new RegExp(clientSecret),
      new RegExp(password),
      /[?&]code=/,
    ])
      expect(secret.exec(all)?.[0]).toBeUndefined();
  });
});
