import { describe, expect, it } from '@jest/globals';
import { as, pathTo } from '../../test/service.ts';
import { main, page, useVisitScene } from '../../test/visit-scene.ts';

const scene = useVisitScene();
const { on } = scene;
const ask = (query = '') =>
  on(
    main,
    `/api/v1/services/${scene.notebook.serviceId}/visits${query}`,
    as('manager-of-demo'),
    'POST',
  );

describe('a link', () => {
  it('leads to the page of the recipe, or to what is asked for', async () => {
    const access = { ...scene.notebook.access, page: '/lab' };
    for (const [change, query, path] of [
      [{}, '', '/'],
      [{ access }, '', '/lab'],
      [{ access }, '?path=%2Ftree%2Fa%2520b%3Fx%3D1', '/tree/a%20b?x=1'],
    ] as const) {
      scene.proxy.serve({ ...scene.notebook, ...change });
      await scene.proxy.caughtUp();
      const { url } = JSON.parse((await ask(query)).body) as { url: string };
      const { host, pathname, search } = new URL(url);
      const led = await on(host, `${pathname}${search}`, page);
      expect([led.status, led.location]).toEqual([303, pathTo(scene.notebook, path)]);
    }
  });

  it.each([
    ['klaster=here', 'klaster'],
    ['path=lab', 'path'],
    ['path=%2F..%2Fp', 'path'],
    ['path=%2Fa%2F%252e%252E', 'path'],
    ['path=%2F.%3Fx', 'path'],
    ['path=%2Flab%23x', 'path'],
    ['path=%2F%0d%0a', 'path'],
    ['path=%2F%5Cevil.example', 'path'],
  ])('is not asked for with ?%s', async (query, param) => {
    const { status, body } = await ask(`?${query}`);
    expect([status, JSON.parse(body).error]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_request', param }),
    ]);
  });

  it.each(['starting', 'stopped', 'failed'] as const)(
    'leads to no service that is %s',
    async (state) => {
      scene.proxy.serve({ ...scene.notebook, state, endpoint: null });
      await scene.proxy.caughtUp();
      const { status, body } = await ask();
      expect([status, JSON.parse(body).error]).toEqual([
        409,
        expect.objectContaining({
          code: 'service_not_ready',
          message: `The service does not answer, its status is ${state}.`,
        }),
      ]);
      expect(scene.sessions.kept.size).toBe(0);
    },
  );
});
