import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { as, atRoot, pathTo, serviceKey } from '../../test/service.ts';
import { useServiceScene } from '../../test/service-scene.ts';

const scene = useServiceScene();
const manager = as('manager-of-demo');

describe('a request to a service', () => {
  it('reaches it as it came, with its key, and nothing of who asks', async () => {
    const answer = await scene.ask(pathTo(scene.notebook, '/api/contents/a%2Fb?x=1&x=2'), {
      method: 'PATCH',
      body: 'what is said',
      headers: {
        ...manager,
        cookie: '_xsrf=theirs; wakefield_session=word; __Host-wakefield_visit=w; user="me"',
        'x-request-id': 'mine-1',
        'x-custom': 'kept',
        'x-project': 'demo',
        'x-forwarded-for': '6.6.6.6',
        'proxy-authorization': 'Basic abc',
        te: 'trailers',
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    const [seen] = scene.engine.seen;
    expect([seen?.method, seen?.url, seen?.body]).toEqual([
      'PATCH',
      pathTo(scene.notebook, '/api/contents/a%2Fb?x=1&x=2'),
      'what is said',
    ]);
    expect(seen?.headers).toMatchObject({
      authorization: `token ${serviceKey}`,
      cookie: '_xsrf=theirs; user="me"',
      host: `127.0.0.1:${scene.proxy.port}`,
      'x-custom': 'kept',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': `127.0.0.1:${scene.proxy.port}`,
      'x-forwarded-proto': 'http',
      'x-request-id': 'mine-1',
      traceparent: expect.stringMatching(/^00-/),
    });
    expect(JSON.stringify(seen?.rawHeaders)).not.toMatch(
      /manager-of-demo|wakefield_|6\.6\.6\.6|Basic|trailers|x-project/i,
    );
  });

  it('loses its prefix where the service is at the root, under whichever id', async () => {
    for (const id of [scene.storage.serviceId, '21']) {
      await scene.ask(`/api/v1/services/${id}/proxy/v1/things?a=1`);
      const seen = scene.engine.seen.pop();
      expect(seen?.url).toBe('/v1/things?a=1');
      expect(seen?.headers).toMatchObject({
        authorization: `Bearer ${serviceKey}`,
        host: `127.0.0.1:${scene.engine.port}`,
        'x-forwarded-prefix': `/api/v1/services/${id}/proxy`,
      });
    }
  });

  it.each([
    [{ kind: 'header', name: 'Api-Key' }, { 'api-key': serviceKey }],
    [{ kind: 'none' }, {}],
  ] as const)('shows the key as its recipe says: %j', async (key, shown) => {
    await scene.serve({ ...scene.storage, access: { ...atRoot, key } });
    await scene.ask(pathTo(scene.storage), { headers: { ...manager, 'api-key': 'of the caller' } });
    const { authorization, 'api-key': apiKey } = scene.engine.seen[0]?.headers ?? {};
    expect(authorization).toBeUndefined();
    expect({ 'api-key': apiKey }).toEqual({ 'api-key': 'of the caller', ...shown });
  });

  it('is led to the path below which the service is', async () => {
    const led = async (path: string, method = 'GET') => {
      const answer = await scene.ask(path, { method });
      return [answer.status, answer.headers.get('location')];
    };
    expect(await led(pathTo(scene.notebook, ''))).toEqual([307, pathTo(scene.notebook)]);
    expect(await led('/api/v1/services/21/proxy?a=1')).toEqual([
      307,
      '/api/v1/services/21/proxy/?a=1',
    ]);
    for (const id of ['12', '11']) {
      const path = `/api/v1/services/${id}/proxy/lab?a=1`;
      expect(await led(path, 'POST')).toEqual([307, pathTo(scene.notebook, '/lab?a=1')]);
    }
    expect(scene.engine.seen).toEqual([]);
  });

  it('is counted as demand of the service while it runs', async () => {
    const answered = Promise.withResolvers<void>();
    scene.engine.answer(async (response) => {
      await answered.promise;
      response.end('done');
    });
    const asked = scene.ask(pathTo(scene.notebook));
    await until(
      'counted',
      () => scene.proxy.demand()?.models.get(scene.notebook.serviceId)?.running === 1,
    );
    const jobs = scene.proxy.demand()?.models.get(scene.notebook.serviceId)?.runningByJob;
    expect(jobs).toEqual({ [scene.notebook.endpoint?.jobId ?? '']: 1 });
    answered.resolve();
    await (await asked).text();
    await until(
      'over',
      () => scene.proxy.demand()?.models.get(scene.notebook.serviceId)?.running === 0,
    );
    expect(
      await scene.proxy.metric('wakefield_http_requests_total{route="services",code="200"'),
    ).toBe(1);
  });
});

describe('an answer of a service', () => {
  it('keeps its redirections and cookies below its own path, and none of them is ours', async () => {
    scene.engine.answer((response) => {
      response.writeHead(302, [
        ...['location', '/login?next=%2F'],
        ...['set-cookie', 'a=1; Path=/; HttpOnly', 'set-cookie', 'b=2; domain=example.org'],
        ...['set-cookie', 'c=3; path=/sub', 'set-cookie', 'wakefield_session=evil; Path=/'],
        ...['set-cookie', '__Host-Wakefield_visit=evil; Path=/', 'set-cookie', '=evil'],
        ...['clear-site-data', '"*"', 'strict-transport-security', 'max-age=1'],
        ...['access-control-allow-origin', '*', 'service-worker-allowed', '/'],
        ...['www-authenticate', 'Basic', 'x-own', 'kept', 'x-request-id', 'theirs'],
      ]);
      response.end();
    });
    const answer = await scene.ask(pathTo(scene.storage));
    const below = pathTo(scene.storage, '');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe(`${below}/login?next=%2F`);
    expect(answer.headers.getSetCookie()).toEqual([
      `a=1; HttpOnly; Path=${below}/`,
      `b=2; Path=${below}/`,
      `c=3; Path=${below}/sub`,
    ]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({ 'x-own': 'kept' });
    for (const name of [
      ...['clear-site-data', 'strict-transport-security', 'access-control-allow-origin'],
      ...['service-worker-allowed', 'www-authenticate'],
    ])
      expect([name, answer.headers.get(name)]).toEqual([name, null]);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('may not act for who looks at it: its pages are nobody’s', async () => {
    scene.engine.answer((response) => {
      response.setHeader('content-security-policy', "frame-ancestors 'self'").end('<p>');
    });
    const policy = (await scene.ask(pathTo(scene.notebook))).headers.get('content-security-policy');
    expect(policy).toMatch(/^frame-ancestors 'self', sandbox (?:allow-[a-z]+ ?)+$/);
    expect(policy).not.toContain('allow-same-origin');
    scene.engine.answer((response) => void response.end('<p>'));
    const alone = (await scene.ask(pathTo(scene.notebook))).headers.get('content-security-policy');
    expect(alone).toMatch(/^sandbox /);
  });

  it('comes as it is written: a stream of events before its end', async () => {
    const goOn = Promise.withResolvers<void>();
    scene.engine.answer(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      await goOn.promise;
      response.write('data: 1\n\n');
    });
    const answer = await scene.ask(pathTo(scene.storage, '/events'));
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    goOn.resolve();
    const reader = answer.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n');
    await reader?.cancel();
    await until('told', () => scene.engine.seen[0]?.aborted === true);
  });

  it('breaks off where the service does', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200);
      response.write('half', () => response.destroy());
    });
    await expect(
      scene.ask(pathTo(scene.storage)).then((answer) => answer.text()),
    ).rejects.toThrow();
  });

  it('has the status of the service, also without a body', async () => {
    scene.engine.answer((response) => void response.writeHead(204).end());
    expect((await scene.ask(pathTo(scene.storage), { method: 'DELETE' })).status).toBe(204);
    scene.engine.answer((response) => void response.setHeader('content-length', 7).end());
    const head = await scene.ask(pathTo(scene.storage), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '7']);
  });
});
