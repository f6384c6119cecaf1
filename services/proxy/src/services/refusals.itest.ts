import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { as, atRoot, pathTo, serviceRoute, startServer } from '../../test/service.ts';
import { errorOf, useServiceScene } from '../../test/service-scene.ts';

const scene = useServiceScene();

describe('who may', () => {
  it.each([
    ['nobody', {}, 401, 'invalid_api_key'],
    ['a wrong key', as('nonsense'), 401, 'invalid_api_key'],
    ['another project', as('manager-of-other'), 404, 'service_not_found'],
    ['who may look only', as('viewer-of-demo'), 403, 'forbidden'],
    ['who may send requests only', as('user-of-demo'), 403, 'forbidden'],
  ])('%s is told %s', async (_who, headers, status, code) => {
    const [told, coded] = await errorOf(await scene.ask(pathTo(scene.notebook), { headers }));
    expect([told, coded]).toEqual([status, code]);
    expect(scene.engine.seen).toEqual([]);
  });

  it('is what the service asks for', async () => {
    const user = { headers: as('user-of-demo') };
    expect((await scene.ask(pathTo(scene.storage), user)).status).toBe(200);
    const viewer = { headers: as('viewer-of-demo') };
    expect((await scene.ask(pathTo(scene.storage), viewer)).status).toBe(403);
  });

  it('finds its own where two projects have the same id of a job', async () => {
    const theirs = serviceRoute(scene.engine.port, { project: 'other', access: atRoot });
    const mine = serviceRoute(scene.engine.port, { access: atRoot });
    const over = serviceRoute(null, { access: atRoot, state: 'stopped' });
    await scene.serve(theirs, over, mine);
    const path = '/api/v1/services/4711/proxy/x';
    for (const [who, route] of [
      ['user-of-demo', mine],
      ['user-of-other', theirs],
    ] as const) {
      await scene.ask(path, { headers: as(who) });
      await until('counted', () => scene.proxy.demand()?.models.has(route.serviceId) === true);
    }
    const elsewhere = { ...as('user-of-demo'), 'x-project': 'other' };
    expect((await errorOf(await scene.ask(path, { headers: elsewhere })))[1]).toBe(
      'service_not_found',
    );
  });
});

describe('a service that does not answer', () => {
  it.each([
    ['pending', '10'],
    ['building', '5'],
    ['starting', '5'],
    ['stopping', null],
    ['failed', null],
    ['completed', null],
  ] as const)('is told of with its status: %s', async (state, retryAfter) => {
    await scene.serve(
      serviceRoute(null, { serviceId: scene.notebook.serviceId, state, reason: 'as is told' }),
    );
    const answer = await scene.ask(pathTo(scene.notebook));
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    expect(await errorOf(answer)).toEqual([
      409,
      'service_not_ready',
      `The service does not answer, its status is ${state}: as is told`,
    ]);
  });

  it('is not there: one look at the store, before that is said', async () => {
    const unknown = serviceRoute(scene.engine.port, { access: atRoot });
    const pause = scene.proxy.pauseRoutes();
    const asked = scene.ask(pathTo(unknown));
    await until('looked', () => pause.waiting() > 0);
    scene.proxy.serve(unknown);
    pause.goOn();
    expect((await asked).status).toBe(200);
    expect((await errorOf(await scene.ask('/api/v1/services/no-such/proxy/')))[1]).toBe(
      'service_not_found',
    );
    scene.proxy.breakStores(true);
    const [status, code] = await errorOf(await scene.ask('/api/v1/services/no-such/proxy/'));
    expect([status, code]).toEqual([503, 'store_unavailable']);
    expect((await scene.ask(pathTo(unknown))).status).toBe(200);
  });

  it('answers just now: one look at the store, before it is refused', async () => {
    await scene.serve({ ...scene.storage, state: 'starting', endpoint: null });
    const pause = scene.proxy.pauseRoutes();
    const asked = scene.ask(pathTo(scene.storage));
    await until('looked', () => pause.waiting() > 0);
    scene.proxy.serve(scene.storage);
    pause.goOn();
    expect((await asked).status).toBe(200);

    await scene.serve({ ...scene.storage, state: 'starting', endpoint: null });
    scene.proxy.breakStores(true);
    const [status, code] = await errorOf(await scene.ask(pathTo(scene.storage)));
    expect([status, code]).toEqual([409, 'service_not_ready']);
  });

  it('has gone: that is told, and nothing of where it was', async () => {
    const gone = await startServer((request) => request.socket.destroy());
    await scene.serve({ ...scene.storage, endpoint: serviceRoute(gone.port).endpoint });
    const broken = await errorOf(await scene.ask(pathTo(scene.storage)));
    await gone.close();
    for (const [status, code, message] of [
      broken,
      await errorOf(await scene.ask(pathTo(scene.storage))),
    ]) {
      expect([status, code]).toEqual([502, 'upstream_error']);
      expect(message).not.toContain(String(gone.port));
    }
  });

  it('ends what it was asked when its job has ended', async () => {
    scene.engine.answer((response) => void response.writeHead(200).write('half'));
    const answer = await scene.ask(pathTo(scene.storage));
    await scene.serve({ ...scene.storage, state: 'failed', endpoint: null });
    await expect(answer.text()).rejects.toThrow();
  });
});

describe('when the proxy ends', () => {
  it('what is under way may end, and is cut off when its time is over', async () => {
    const goOn = Promise.withResolvers<void>();
    scene.engine.answer(async (response, { url }) => {
      response.writeHead(200).write('begun');
      await goOn.promise;
      if (url === '/a') response.end();
    });
    const [a, b] = await Promise.all(
      ['/a', '/b'].map((path) => scene.ask(pathTo(scene.storage, path))),
    );
    const stopped = scene.proxy.stop();
    goOn.resolve();
    expect(await a?.text()).toBe('begun');
    await expect(b?.text()).rejects.toThrow();
    await stopped;
  });
});

describe('the log', () => {
  const lineOf = (message: string) =>
    scene.proxy.log.map((line) => JSON.parse(line)).find(({ msg }) => msg === message);

  it('tells what was refused, where and why, and nothing that opens anything', async () => {
    await scene.restart({}, { servicesAtOnce: { perCaller: 0, perProcess: 1 } });
    await scene.serve(scene.storage);
    const path = pathTo(scene.storage, '/a');
    await scene.ask(`${path}?token=planted`, { headers: as('user-of-demo') });
    await until('told', () => lineOf('service request refused') !== undefined);
    expect(lineOf('service request refused')).toMatchObject({
      ...{ service: 'proxy', level: 'warn', serviceId: scene.storage.serviceId, method: 'GET' },
      ...{ path, status: 503, code: 'overloaded', reason: expect.stringContaining('Too many') },
    });
    expect(scene.proxy.log.join('')).not.toMatch(/planted|user-of-demo/);
  });

  it('tells which service gave no answer', async () => {
    await scene.serve(serviceRoute(1, { access: atRoot, serviceId: scene.storage.serviceId }));
    const path = pathTo(scene.storage, '/a');
    await scene.ask(`${path}?token=planted`, { headers: as('user-of-demo') });
    await until('told', () => lineOf('a service gave no answer') !== undefined);
    expect(lineOf('a service gave no answer')).toMatchObject({
      ...{ serviceId: scene.storage.serviceId, path, code: 'upstream_error' },
      err: { message: expect.stringContaining('ECONNREFUSED') },
    });
    expect(scene.proxy.log.join('')).not.toContain('planted');
  });
});
