import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ServiceRoute } from '@wakefield/domain';
import { as, atRoot, serviceRoute } from '../../test/service.ts';
import { errorOf, useServiceScene } from '../../test/service-scene.ts';

const scene = useServiceScene();
const headers = { ...as('user-of-demo'), 'content-type': 'application/json' };
let here: ServiceRoute;
let there: ServiceRoute;
beforeEach(async () => {
  const change = { access: atRoot, clusterJobIds: ['77'] };
  there = serviceRoute(scene.engine.port, { ...change, model: 'old', cluster: 'there' });
  here = serviceRoute(scene.engine.port, { ...change, model: 'new', cluster: 'here' });
  await scene.serve(here, there);
  // Says which model it was asked for.
  scene.engine.answer((response, { url, body }) => {
    const model = body === '' ? url : (JSON.parse(body) as { model: string }).model;
    const said = { data: [{ id: 'm' }], model, choices: [{ text: 'x' }] };
    response.writeHead(200).end(JSON.stringify(said));
  });
});

const prompt = (id: string, query = '') => {
  const body = JSON.stringify({ prompt: 'x' });
  const path = `/api/v1/vllm/${id}/prompt${query}`;
  return scene.ask(path, { method: 'POST', headers, body });
};
const told = async (answer: Response) => [
  ((await answer.json()) as { model: string }).model,
  answer.headers.get('x-ambiguous-id'),
];

describe('one id of a job on two clusters', () => {
  it('is the newer one, which is said, and ?cluster= chooses', async () => {
    expect(await told(await prompt('77'))).toEqual(['new', there.serviceId]);
    expect(await told(await prompt('77', '?cluster=there'))).toEqual(['old', null]);
    expect(await told(await prompt('77', '?cluster=here'))).toEqual(['new', null]);
    expect(await told(await prompt(there.serviceId))).toEqual(['old', null]);
    expect(await errorOf(await prompt('77', '?cluster=nowhere'))).toEqual([
      ...[404, 'service_not_found', expect.stringContaining('"77"')],
    ]);
  });

  it('is said with models, and with what passes, whose query is its own', async () => {
    const models = await scene.ask('/api/v1/vllm/77/models', { headers });
    expect(models.headers.get('x-ambiguous-id')).toBe(there.serviceId);
    const chosen = await scene.ask('/api/v1/vllm/77/models?cluster=there', { headers });
    expect([chosen.status, chosen.headers.get('x-ambiguous-id')]).toEqual([200, null]);
    const passed = await scene.ask('/api/v1/services/77/proxy/a?cluster=there', { headers });
    expect(await told(passed)).toEqual(['/a?cluster=there', there.serviceId]);
  });
});
