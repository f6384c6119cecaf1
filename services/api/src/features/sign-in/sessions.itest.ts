import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AuthFile, type AuthOptions, loadAuthFile, openAuth } from '@wakefield/auth';
import type { SessionStore } from '@wakefield/control';
import { createSessionStore } from '@wakefield/queue';
import { openQueueFixture, type QueueFixture } from '@wakefield/testkit';
import {
  createCookieJar,
  startTestIssuer,
  type TestIssuer,
  testClient,
} from '@wakefield/testkit/oidc';

jest.setTimeout(30_000);

const publicUrl = 'https://ai.example.org';
let folder: string;
let issuer: TestIssuer;
let queue: QueueFixture;
let store: SessionStore;
let file: AuthFile;
/** Of us alone: the issuer's clock is the real one. */
let later: number;

beforeEach(async () => {
  later = 0;
  folder = mkdtempSync(join(tmpdir(), 'sessions-'));
  [issuer, queue] = await Promise.all([
    startTestIssuer({ publicUrl, accessTokenLife: tokenLife }),
    openQueueFixture(),
  ]);
  issuer.user = { id: 'ada', groups: ['/mine/members'] };
  issuer.format = 'opaque';
  store = createSessionStore(queue.redis);
  file = await authFile();
});
afterEach(async () => {
  await Promise.all([issuer.close(), queue.close()]);
  rmSync(folder, { recursive: true });
});

async function authFile(): Promise<AuthFile> {
  const client = `clientId: ${testClient.id}, clientSecretFile: secret`;
  writeFileSync(join(folder, 'secret'), testClient.secret);
  const path = join(folder, 'auth.yaml');
  writeFileSync(
    path,
    `
publicUrl: ${publicUrl}
issuers:
  - name: site
    issuer: ${issuer.url}
    audiences: [wakefield]
    introspection: { ${client}, cache: 1 }
    signIn: { ${client} }
    grants: [{ claim: groups, pattern: '/{project}/{role}', roles: { members: user } }]
`,
  );
  return await loadAuthFile(path);
}

/** One process. */
function startProcess(over: Partial<Pick<AuthOptions, 'sessions' | 'sessionSeconds'>> = {}) {
  const { browsers, signIn } = openAuth({
    ...{ file, sessions: store, sessionSeconds: 3600, ...over },
    ...{ localKey: null, log: queue.log },
    now: () => Date.now() + later,
  });
  if (browsers === null || signIn === null) throw new Error('nobody can sign in');
  return { browsers, signIn };
}

type Process = ReturnType<typeof startProcess>;

const pairOf = (cookie: string): string => cookie.split(';')[0] ?? '';

/** As far as back from the issuer. */
async function comeBack({ signIn }: Process) {
  const begun = await signIn.begin({}, undefined);
  const { response } = await createCookieJar().follow(begun.location, (location) =>
    location.startsWith(publicUrl),
  );
  const { search } = new URL(response.headers.get('location') ?? '');
  return { begun, query: search.slice(1), way: pairOf(begun.cookies[0] ?? '') };
}

/** @returns the cookie of the session, as the browser sends it */
async function signIn(one: Process): Promise<string> {
  const { query, way } = await comeBack(one);
  return pairOf((await one.signIn.finish({ issuer: 'site', query }, way)).cookies[1] ?? '');
}

const ada = { kind: 'user', id: 'site:ada', grants: [{ project: 'mine', role: 'user' }] };
/** Of an access token, in s: it is refreshed when it has 10 s left. */
const tokenLife = 100;
const whileMs = 95_000;

describe('a session', () => {
  it('goes out as a cookie of this host, over https alone', async () => {
    const one = startProcess();
    const { begun, query, way } = await comeBack(one);
    const { cookies } = await one.signIn.finish({ issuer: 'site', query }, way);
    const made = cookies.find((cookie) => cookie.startsWith('__Host-wakefield_session='));
    for (const cookie of [...begun.cookies, ...cookies]) {
      expect(cookie).toMatch(/^__Host-wakefield_/);
      expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    }
    expect(made).toContain(`; Max-Age=3600;`);
  });

  it('ends at its end, though the issuer would go on', async () => {
    // Before its first token does: a new one would be of a time that we have left behind.
    const one = startProcess({ sessionSeconds: 80 });
    const cookie = await signIn(one);
    later = 78_000;
    expect(await one.browsers.identify(cookie)).toEqual(ada);
    later = 80_000;
    expect(await one.browsers.identify(cookie)).toBeNull();
  });

  it('is refreshed once, however many processes see that it has to be', async () => {
    const [one, other] = [startProcess(), startProcess()];
    const cookie = await signIn(one);
    const before = issuer.refreshTokens();
    later = whileMs;
    const looks = [one, other, one, other, one, other].map(({ browsers }) =>
      browsers.identify(cookie),
    );
    expect(await Promise.all(looks)).toEqual(looks.map(() => ada));
    // It gives out a new one each time, and would take one that is used twice for stolen.
    expect(issuer.refreshTokens().length - before.length).toBe(1);
  });

  it('that is ended while it is refreshed stays ended, and its new tokens are given back', async () => {
    // Signed tokens: nobody is asked whether they are good.
    issuer.format = 'jwt';
    const one = startProcess();
    const cookie = await signIn(one);
    const slow = startProcess({
      sessions: {
        ...store,
        replace: async (name, value, lifeMs) => {
          // As where somebody signs out just now, and the issuer hears nothing of it.
          await store.take(name);
          return await store.replace(name, value, lifeMs);
        },
      },
    });
    later = whileMs;
    expect(await slow.browsers.identify(cookie)).toBeNull();
    expect(await one.browsers.identify(cookie)).toBeNull();
    expect(issuer.refreshTokens()).toEqual([]);
  });

  it.each(['invalid_client', 'temporarily_unavailable'])(
    'outlives an issuer that says %s for a while, and the log says so once',
    async (answer) => {
      const one = startProcess();
      const cookie = await signIn(one);
      later = whileMs;
      issuer.tokenError = answer;
      for (let time = 0; time < 3; time += 1)
        await expect(one.browsers.identify(cookie)).rejects.toMatchObject({
          code: 'issuer_unavailable',
        });
      issuer.tokenError = null;
      expect(await one.browsers.identify(cookie)).toEqual(ada);
      const fields = { issuer: 'site', asked: 'refresh' };
      expect(queue.log.lines.filter(({ level }) => level === 'warn')).toEqual([
        expect.objectContaining({
          fields: { ...fields, err: expect.objectContaining({ answer }) },
        }),
      ]);
      expect(queue.log.lines.at(-1)).toMatchObject({ level: 'info', fields });
    },
  );

  it('that its issuer ended is over', async () => {
    const one = startProcess();
    const cookie = await signIn(one);
    issuer.forgetEverybody();
    later = whileMs;
    expect(await one.browsers.identify(cookie)).toBeNull();
    expect(await queue.redis.produce.keys(`${queue.redis.prefix}:session:*`)).toHaveLength(1);
  });
});

describe('a store that was emptied', () => {
  it('knows nobody, and who is on the way comes in all the same', async () => {
    const one = startProcess();
    const cookie = await signIn(one);
    const { query, way } = await comeBack(one);
    await queue.redis.produce.del(
      ...(await queue.redis.produce.keys(`${queue.redis.prefix}:session:*`)),
    );
    expect(await one.browsers.identify(cookie)).toBeNull();
    const { cookies } = await one.signIn.finish({ issuer: 'site', query }, way);
    expect(await one.browsers.identify(pairOf(cookies[1] ?? ''))).toEqual(ada);
  });
});
