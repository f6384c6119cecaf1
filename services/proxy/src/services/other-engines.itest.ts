import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ServiceRoute } from '@wakefield/domain';
import { as, atRoot, serviceRoute } from '../../test/service.ts';
import { errorOf, useServiceScene } from '../../test/service-scene.ts';

const scene = useServiceScene();
const headers = { ...as('user-of-demo'), 'content-type': 'application/json' };
const path = '/api/v1/vllm/7';

let service: ServiceRoute;
beforeEach(async () => {
  service = serviceRoute(scene.engine.port, {
    ...{ access: atRoot, recipe: 'inference/x', clusterJobIds: ['7'], model: 'acme/small' },
  });
  await scene.serve(service);
});

const models = async () => {
  const answer = await scene.ask(`${path}/models`, { headers });
  return [answer.status, ((await answer.json()) as { models?: unknown }).models];
};
const prompt = (body: object) =>
  scene.ask(`${path}/prompt`, { method: 'POST', headers, body: JSON.stringify(body) });
/** Answers by path; there is nothing else, as with axum: an empty 404. */
const answers = (byPath: Readonly<Record<string, readonly [number, object]>>) =>
  scene.engine.answer((response, { url }) => {
    const [status, value] = byPath[url] ?? [404, null];
    response.writeHead(status).end(value === null ? '' : JSON.stringify(value));
  });

describe('SGLang, whose one name is that of its job', () => {
  const list = [200, { object: 'list', data: [{ id: '__job_wf-1-2' }] }] as const;

  it('has the model that it was started with', async () => {
    answers({ '/v1/models': list });
    expect(await models()).toEqual([200, ['acme/small']]);
    answers({ '/v1/models': [200, { data: [] }] });
    expect(await models()).toEqual([200, []]);
  });

  it('says so of another', async () => {
    answers({ '/v1/models': list });
    expect(await errorOf(await prompt({ prompt: 'x', model: 'acme/large' }))).toEqual([
      404,
      'model_not_found',
      'The service has no model "acme/large". It has "acme/small".',
    ]);
  });
});

describe('Text Embeddings Inference, which knows neither chats nor completions nor lists', () => {
  it.each([{}, { model: 'acme/large' }])('takes no prompts %j', async (more) => {
    answers({});
    expect(await errorOf(await prompt({ prompt: 'x', ...more }))).toEqual([
      ...[400, 'invalid_request', 'The engine of this service takes no prompts.'],
    ]);
  });

  it('has the model that it was started with', async () => {
    answers({});
    expect(await models()).toEqual([200, ['acme/small']]);
  });
});

it.each([402, 405, 409, 413, 418])(
  'what an engine says with %d is not taken for ours',
  async (status) => {
    answers({ '/v1/chat/completions': [status, { error: { code: 'service_not_ready' } }] });
    expect(await errorOf(await prompt({ prompt: 'x' }))).toEqual([
      502,
      'upstream_error',
      `The engine of this service gave an answer that is of no use here (status ${status}).`,
    ]);
  },
);
