import { beforeEach, describe, expect, it } from '@jest/globals';
import { offer } from '../../test/offer.ts';
import { as, pathTo, serviceKey } from '../../test/service.ts';
import { main, originOf, page, session, useVisitScene } from '../../test/visit-scene.ts';

const scene = useVisitScene();
const { on, follow, visit } = scene;

describe('a person who opens a service', () => {
  it('is led to its own origin, and in by a link that is good once', async () => {
    const { status, location } = await on(main, pathTo(scene.notebook, '/lab?a=1'), {
      ...page,
      cookie: session,
    });
    expect(status).toBe(303);
    const link = new URL(location);
    expect(link.host).toBe(originOf(scene.notebook));
    expect(link.pathname).toBe(pathTo(scene.notebook, '/lab'));
    const led = await on(link.host, `${link.pathname}${link.search}`, page);
    expect([led.status, led.location]).toEqual([303, pathTo(scene.notebook, '/lab?a=1')]);
    expect(led.headers['referrer-policy']).toBe('no-referrer');
    const cookie = (led.cookies[0] ?? '').split(';')[0] ?? '';
    const seen = await on(originOf(scene.notebook), pathTo(scene.notebook, '/lab?a=1'), {
      ...page,
      cookie,
    });
    expect(seen.status).toBe(200);
    expect(seen.headers['content-security-policy']).toBe("frame-ancestors 'self'");
    expect(scene.engine.seen[0]?.headers.cookie).toBeUndefined();
    const again = await on(link.host, `${link.pathname}${link.search}`, page);
    expect([again.status, again.cookies]).toEqual([401, []]);
  });

  it('with a key gets a link for a browser', async () => {
    const cookie = await visit(scene.notebook);
    const host = originOf(scene.notebook);
    expect((await on(host, pathTo(scene.notebook), { ...page, cookie })).status).toBe(200);
    // Neither words nor keys are there to be read.
    expect(JSON.stringify([...scene.sessions.kept])).not.toMatch(/manager-of-demo|services\.test/);
    expect(JSON.stringify([...scene.sessions.kept])).not.toContain(cookie.split('=')[1]);
  });

  it('comes too late with an old one', async () => {
    const path = `/api/v1/services/${scene.notebook.serviceId}/visits`;
    const { body } = await on(main, path, as('manager-of-demo'), 'POST');
    scene.now += 61_000;
    const { host, pathname, search } = new URL((JSON.parse(body) as { url: string }).url);
    expect((await on(host, `${pathname}${search}`, page)).status).toBe(401);
  });

  it('is shown the way in where nobody is signed in', async () => {
    const { status, location } = await on(main, pathTo(scene.notebook, '/lab?a=1'), page);
    const back = encodeURIComponent(pathTo(scene.notebook, '/lab?a=1'));
    expect([status, location]).toEqual([303, `/auth/login?return_to=${back}`]);
    expect((await on(originOf(scene.notebook), pathTo(scene.notebook), page)).status).toBe(401);
    expect((await on(main, pathTo(scene.notebook), { accept: '*/*' })).status).toBe(401);
  });

  it('visits until signing out', async () => {
    const { location } = await on(main, pathTo(scene.notebook), { ...page, cookie: session });
    const cookie = await follow(location);
    const look = async () =>
      (await on(originOf(scene.notebook), pathTo(scene.notebook), { ...page, cookie })).status;
    expect(await look()).toBe(200);
    scene.signedIn = false;
    expect(await look()).toBe(401);
  });

  it('has so many links and visits at once, and is told so', async () => {
    const path = `/api/v1/services/${scene.notebook.serviceId}/visits`;
    const ask = (who: string) => on(main, path, as(who), 'POST');
    const cookie = await visit(scene.notebook);
    for (let count = 1; count < 4; count += 1) await scene.link(scene.other);
    const { status, headers, body } = await ask('manager-of-demo');
    expect([status, headers['retry-after']]).toEqual([429, '60']);
    expect(JSON.parse(body).error).toMatchObject({
      ...{ code: 'rate_limit_exceeded', message: expect.stringContaining('4 links') },
    });
    // Somebody else has their own, and what is open stays so.
    expect((await on(main, pathTo(scene.other), { ...page, cookie: session })).status).toBe(303);
    const host = originOf(scene.notebook);
    expect((await on(host, pathTo(scene.notebook), { ...page, cookie })).status).toBe(200);
    scene.now += 61_000;
    expect((await ask('manager-of-demo')).status).toBe(201);
    const figures = ['invited', 'refused', 'begun', 'link_unfit'].map((step) =>
      scene.proxy.metric(`wakefield_service_visits_total{step="${step}"`),
    );
    expect(await Promise.all(figures)).toEqual([6, 1, 1, 0]);
  });

  it('has one visit of a service in each browser, however often it is opened', async () => {
    let cookie = await visit(scene.notebook);
    const first = cookie;
    for (let count = 0; count < 6; count += 1)
      cookie = await follow(await scene.link(scene.notebook), { cookie });
    const look = async (sent: string) =>
      (await on(originOf(scene.notebook), pathTo(scene.notebook), { ...page, cookie: sent }))
        .status;
    expect([await look(cookie), await look(first)]).toEqual([200, 401]);
  });

  it('may not where their rights do not reach', async () => {
    const path = `/api/v1/services/${scene.notebook.serviceId}/visits`;
    for (const [who, status] of [
      ['user-of-demo', 403],
      ['manager-of-other', 404],
      ['nonsense', 401],
    ] as const)
      expect((await on(main, path, as(who), 'POST')).status).toBe(status);
  });
});

describe('a page of a service', () => {
  it('can do nothing anywhere else with what its viewer has', async () => {
    const cookie = await visit(scene.notebook);
    const inPage = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' };
    // The management API and inference, on its own origin and by our own name.
    for (const host of [originOf(scene.notebook), main])
      for (const [path, method] of [
        ['/p/demo/openai/v1/models', 'GET'],
        ['/p/demo/openai/v1/chat/completions', 'POST'],
        [`/api/v1/vllm/${scene.notebook.serviceId}/models`, 'GET'],
        [`/api/v1/services/${scene.other.serviceId}/visits`, 'POST'],
        [pathTo(scene.other), 'GET'],
      ] as const)
        expect([host, path, (await on(host, path, inPage, method)).status]).toEqual([
          host,
          path,
          host === main || path !== pathTo(scene.other) ? 401 : 404,
        ]);
    for (const path of ['/p', '/api/v1/services', '/auth/session', '/swagger/index.html'])
      expect([path, (await on(originOf(scene.notebook), path, inPage)).status]).toEqual([
        path,
        404,
      ]);
    const offered = await offer(`http://127.0.0.1:${scene.proxy.port}/api/v1/events`, {
      host: originOf(scene.notebook),
    });
    expect(offered.status).toBe(404);
    expect(scene.api.seen).toEqual([]);
    expect(scene.engine.seen).toEqual([]);
  });

  it.each([
    ['of its own', { 'sec-fetch-site': 'same-origin' }, 200],
    ['typed by a person', { 'sec-fetch-site': 'none' }, 200],
    ['linked from elsewhere', { ...page, 'sec-fetch-site': 'cross-site' }, 200],
    [
      'shown in a frame elsewhere',
      { ...page, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-site' },
      403,
    ],
    ['asked for by another service', { 'sec-fetch-site': 'same-site' }, 403],
    ['asked for by another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['without Fetch Metadata, of another', { origin: 'http://evil.test' }, 403],
  ])('%s', async (_from, headers, status) => {
    const cookie = await visit(scene.notebook);
    const asked = await on(originOf(scene.notebook), pathTo(scene.notebook), {
      ...headers,
      cookie,
    });
    expect(asked.status).toBe(status);
  });

  it('may offer WebSocket and change something on its own origin, and nobody else in its place', async () => {
    const cookie = await visit(scene.notebook);
    const post = async (origin: string) =>
      (await on(originOf(scene.notebook), pathTo(scene.notebook), { cookie, origin }, 'POST'))
        .status;
    expect(await post(`http://${originOf(scene.notebook)}`)).toBe(200);
    expect(await post(`http://${originOf(scene.other)}`)).toBe(403);
    expect(await post('null')).toBe(403);
  });

  it('says in Authorization what is between it and its service', async () => {
    const cookie = await visit(scene.notebook);
    const says = { ...as('nonsense'), 'sec-fetch-site': 'same-origin' };
    const host = originOf(scene.notebook);
    expect((await on(host, pathTo(scene.notebook), { ...says, cookie })).status).toBe(200);
    expect(scene.engine.seen[0]?.headers.authorization).toBe(`token ${serviceKey}`);
    expect((await on(host, pathTo(scene.notebook), says)).status).toBe(401);
    expect((await on(host, pathTo(scene.notebook), as('manager-of-demo'))).status).toBe(200);
  });

  it('is not looked at with the visit of another', async () => {
    const cookie = await visit(scene.notebook);
    expect((await on(originOf(scene.other), pathTo(scene.other), { ...page, cookie })).status).toBe(
      401,
    );
    const word = cookie.split('=')[1];
    const forged = `${pathTo(scene.other)}?wakefield_link=${word}`;
    expect((await on(originOf(scene.other), forged, page)).status).toBe(401);
  });
});

describe('cookies on the origin of a service', () => {
  it('are over https those that it has set, and nobody else’s', async () => {
    await scene.restart({ servicesUrl: 'https://*.services.test' }, { secure: true });
    scene.engine.answer((response) => {
      response.setHeader('set-cookie', ['_xsrf=1; Path=/; Domain=services.test', 'id=2; HttpOnly']);
      response.end();
    });
    const visited = await scene.follow(await scene.link(scene.notebook));
    const look = (cookie: string) =>
      on(originOf(scene.notebook), pathTo(scene.notebook), { ...page, cookie });
    const { cookies } = await look(`${visited}; sso=of-the-domain`);
    expect(cookies.map((cookie) => cookie.split(';')[0])).toEqual([
      ...['__Host-service__xsrf=1', '_xsrf=1', '__Host-service_id=2'],
    ]);
    expect(cookies.join()).not.toMatch(/domain/i);
    await look([visited, 'sso=x', ...cookies.map((cookie) => cookie.split(';')[0])].join('; '));
    expect(scene.engine.seen.map(({ headers }) => headers.cookie)).toEqual([
      undefined,
      '_xsrf=1; id=2',
    ]);
  });
});

describe('a session on our own origin', () => {
  const sent = { cookie: session, accept: '*/*' };
  const noCors = { ...sent, 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-site' };
  const framed = { ...page, cookie: session, 'sec-fetch-dest': 'iframe' };

  it('leads people to a service, and is good for nothing else there', async () => {
    const byPage = { ...sent, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
    for (const headers of [noCors, framed, byPage, sent])
      expect((await on(main, pathTo(scene.notebook), headers)).status).toBe(403);
    expect(scene.engine.seen).toEqual([]);
    const opened = { ...page, cookie: session, 'sec-fetch-dest': 'document' };
    expect((await on(main, pathTo(scene.notebook), opened)).status).toBe(303);
  });

  it('asks engines for pages of this origin alone', async () => {
    const path = `/api/v1/vllm/${scene.notebook.serviceId}/models`;
    expect((await on(main, path, noCors)).status).toBe(403);
    // Known, and told that a notebook has no models.
    expect((await on(main, path, { ...noCors, 'sec-fetch-site': 'same-origin' })).status).toBe(400);
  });

  it('is good for pages of this origin alone where services have none', async () => {
    await scene.restart({ servicesUrl: null });
    const from = async (site: string) =>
      (await on(main, pathTo(scene.notebook), { ...noCors, 'sec-fetch-site': site })).status;
    expect([await from('same-site'), await from('cross-site')]).toEqual([403, 403]);
    expect(
      (await on(main, pathTo(scene.notebook), { ...framed, 'sec-fetch-site': 'same-site' })).status,
    ).toBe(403);
    expect(scene.engine.seen).toEqual([]);
    expect([await from('same-origin'), await from('none')]).toEqual([200, 200]);
  });
});

describe('where services have no origins of their own', () => {
  beforeEach(async () => {
    await scene.restart({ servicesUrl: null });
  });

  it('their pages are in a sandbox, and there are no links', async () => {
    const cookie = `${session}; sso=of-the-domain`;
    const { status, headers } = await on(main, pathTo(scene.notebook), { ...page, cookie });
    expect(scene.engine.seen[0]?.headers.cookie).toBeUndefined();
    expect([status, headers['content-security-policy']]).toEqual([
      200,
      expect.stringMatching(/^sandbox /),
    ]);
    const path = `/api/v1/services/${scene.notebook.serviceId}/visits`;
    const { status: told, body } = await on(main, path, as('manager-of-demo'), 'POST');
    expect([told, body]).toEqual([501, expect.stringContaining('SERVICES_URL')]);
  });

  it('what a page in a sandbox asks for is not of this site', async () => {
    const from = { cookie: session, origin: 'null' };
    expect((await on(main, pathTo(scene.notebook), from, 'POST')).status).toBe(403);
  });
});
