import { describe, expect, it } from '@jest/globals';
import { queueNames } from '@wakefield/queue';
import { apiFixture, KEY } from '../../../test/api-fixture.ts';
import { apiSuite } from '../../../test/api-suite.ts';

const api = apiSuite();

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const form = { ...browser, 'content-type': 'application/x-www-form-urlencoded' };

async function logIn(key: string) {
  return await api.call('POST', '/ops/login', {
    key: null,
    raw: new URLSearchParams({ key }).toString(),
    headers: form,
  });
}

async function cookieOf(): Promise<string> {
  return ((await logIn(KEY)).headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
}

describe('the way in for browsers', () => {
  it('leads to the form, takes the key, and shows the dashboard', async () => {
    const away = await api.call('GET', '/ops/queues', { key: null, headers: browser });
    expect([away.status, away.headers.get('location')]).toEqual([303, '/ops/login']);
    const page = await api.call('GET', '/ops/login', { key: null, headers: browser });
    expect(page.text).toContain('<form method="post" action="/ops/login">');
    expect(page.text).toContain('.wakefield/api-key');
    const entered = await logIn(KEY);
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/ops/queues']);
    const cookie = entered.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/ops; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(KEY);
    const board = await api.call('GET', '/ops/queues', {
      key: null,
      headers: { ...browser, cookie: await cookieOf() },
    });
    expect(board.status).toBe(200);
    expect(board.text).toContain('Wakefield queues');
    expect(board.text).toContain('rel="stylesheet"');
    expect(board.text).not.toMatch(/(href|src)="https?:/);
    const queues = await api
      .call('GET', '/ops/queues/api/queues', {
        key: null,
        headers: { cookie: await cookieOf() },
      })
      .catch(String);
    expect(String(queues)).not.toContain('invalid_api_key');
  });

  it('refuses a wrong key with the form', async () => {
    const answer = await logIn('wrong');
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('This key is not known');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('slows down who tries one key after the other, and nobody else', async () => {
    const headers = { ...form, 'x-forwarded-for': '192.0.2.7, 127.0.0.1' };
    const enter = (key: string, more: Record<string, string> = {}) =>
      api.call('POST', '/ops/login', {
        key: null,
        raw: new URLSearchParams({ key }).toString(),
        headers: { ...headers, ...more },
      });
    const answers = [];
    for (let attempt = 0; attempt < 6; attempt += 1) answers.push(await enter(`wrong ${attempt}`));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
    const last = answers.at(-1);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(last?.text).toContain('Too many attempts. Try again in ');
    expect((await enter(KEY)).status).toBe(429);
    expect((await enter(KEY, { 'x-forwarded-for': '192.0.2.8' })).status).toBe(303);
  });

  it('refuses a cookie that is made up, and one of a page of another site', async () => {
    const forged = await api.call('GET', '/ops/queues', {
      key: null,
      headers: { ...browser, cookie: 'wakefield_login=bG9jYWw.9999999999.AAAA' },
    });
    expect(forged.status).toBe(303);
  });

  it.each<[string, Record<string, string>, number]>([
    ['of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['of another port', { 'sec-fetch-site': 'same-site' }, 403],
    ['of another site, over plain HTTP', { origin: 'http://evil.example' }, 403],
    ['of nowhere', { origin: 'null' }, 403],
    ['of ours', { 'sec-fetch-site': 'same-origin', origin: 'http://a.example' }, 303],
    [
      'of ours behind a balancer',
      { origin: 'https://ai.example', 'x-forwarded-host': 'ai.example' },
      303,
    ],
  ])('lets a page %s log in and out, or not', async (_where, headers, status) => {
    const out = await api.call('POST', '/ops/logout', { key: null, headers });
    expect(out.status).toBe(status);
    const raw = new URLSearchParams({ key: KEY }).toString();
    const into = await api.call('POST', '/ops/login', {
      key: null,
      raw,
      headers: { ...form, ...headers },
    });
    expect(into.status).toBe(status);
    if (status === 403) expect(into.body.error.code).toBe('forbidden');
  });

  it('changes nothing through the dashboard, whoever asks', async () => {
    const headers = { cookie: await cookieOf() };
    const ask = async (from: Record<string, string>) =>
      await fetch(`${api.url}/ops/queues/api/queues/sweep/pause`, {
        method: 'PUT',
        headers: { ...headers, ...from },
      });
    expect((await ask({ 'sec-fetch-site': 'same-origin' })).status).toBe(405);
    expect((await ask({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const figures = await api.call('GET', '/ops/queues.json');
    const names = figures.body.queues.map(({ name }: { name: string }) => name);
    expect(names).toEqual(queueNames);
  });

  it('tells the log who came, and has nothing below the dashboard but the dashboard', async () => {
    const headers = { cookie: await cookieOf() };
    const options = { headers, method: 'OPTIONS' };
    expect((await fetch(`${api.url}/ops/queues/api/queues`, options)).status).toBe(404);
    const answer = await fetch(`${api.url}/ops/queues/api/nothing`, { headers });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: 'not_found' } });
    const line = api
      .log()
      .split('\n')
      .find((text) => text.includes('/ops/queues/api/nothing'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ principal: 'local', code: 'not_found' });
  });

  it('logs out', async () => {
    const answer = await api.call('POST', '/ops/logout', { key: null, headers: browser });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/ops/login']);
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0');
  });
});

describe('the way in for programs', () => {
  it('takes the bearer key and tells others 401', async () => {
    const known = await api.call('GET', '/ops/queues.json');
    expect(known.body.queues.map(({ name }: { name: string }) => name)).toEqual(queueNames);
    const unknown = await api.call('GET', '/ops/queues.json', { key: null });
    expect(unknown.body.error.code).toBe('invalid_api_key');
    const wrong = await api.call('GET', '/ops/queues', { key: 'wrong', headers: browser });
    expect(wrong.status).toBe(401);
  });

  it('is for operators alone', async () => {
    const manager = await apiFixture({
      stores: api.store.stores,
      redis: api.redis,
      scheduler: false,
      identifier: {
        identify: () => ({ kind: 'user', id: 'u1', grants: [{ project: 'x', role: 'admin' }] }),
      },
    });
    try {
      const answer = await manager.call('GET', '/ops/queues.json');
      expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden']);
    } finally {
      await manager.close();
    }
  });
});
