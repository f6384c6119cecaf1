import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ServiceRoute } from '@wakefield/domain';
import type { Script } from '../../test/engine.ts';
import { defaultSettings, until } from '../../test/harness.ts';
import { rawClient } from '../../test/raw.ts';
import { as, atRoot, serviceKey, serviceRoute } from '../../test/service.ts';
import { errorOf, useServiceScene } from '../../test/service-scene.ts';

const scene = useServiceScene();
const headers = { ...as('user-of-demo'), 'content-type': 'application/json' };
let vllm: ServiceRoute;
beforeEach(async () => {
  const change = { access: atRoot, model: 'gpt2', recipe: 'inference/vllm', clusterJobIds: ['7'] };
  vllm = serviceRoute(scene.engine.port, change);
  await scene.serve(vllm, scene.storage);
});

const models = (id = '7') => scene.ask(`/api/v1/vllm/${id}/models`, { headers });
const prompt = (body: object | string, id = '7', init: RequestInit = {}) =>
  scene.ask(`/api/v1/vllm/${id}/prompt`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
const asked = () =>
  scene.engine.seen.map(({ url, body }) => [url, body === '' ? null : JSON.parse(body)]);

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const json =
  (status: number, value: object): Script =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
/** As vLLM 0.29 answers a chat with `gpt2`. */
const noTemplate = json(400, {
  error: {
    message:
      'As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one. None',
    type: 'BadRequestError',
    param: null,
    code: 400,
  },
});
const chatted = json(200, {
  model: 'gpt2',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { ...usage, prompt_tokens_details: null },
});
const completed = json(200, {
  model: 'gpt2',
  choices: [{ index: 0, text: ' there', finish_reason: 'length' }],
  usage,
});
const list = json(200, { object: 'list', data: [{ id: 'gpt2' }, { id: '__job_wf-1-2' }] });

describe('an engine that takes its time', () => {
  it.each([
    ['first_byte_timeout', { firstByteMs: 100 }, () => undefined],
    ['between_bytes_timeout', { betweenBytesMs: 100 }, (response) => void response.write('{')],
    ['total_timeout', { totalMs: 100 }, () => undefined],
  ] satisfies [string, object, Script][])('%s', async (code, times, script) => {
    await scene.restart({ times: { ...defaultSettings.inference.times, ...times } });
    await scene.serve(vllm);
    scene.engine.answer(script);
    expect((await errorOf(await prompt({ prompt: 'x' }))).slice(0, 2)).toEqual([504, code]);
  });
});

it.each(['klaster=here', 'cluster=', 'stream=true&x=1', '__proto__=1'])(
  'takes no ?%s',
  async (query) => {
    const param = query.split('=')[0];
    const ofModels = await scene.ask(`/api/v1/vllm/7/models?${query}`, { headers });
    const body = JSON.stringify({ prompt: 'x' });
    const ofPrompt = await scene.ask(`/api/v1/vllm/7/prompt?${query}`, {
      ...{ method: 'POST', headers, body },
    });
    for (const answer of [ofModels, ofPrompt]) {
      const { error } = (await answer.json()) as { error: object };
      expect([answer.status, error]).toEqual([400, expect.objectContaining({ param })]);
    }
    expect(scene.engine.seen).toEqual([]);
  },
);

describe('the models of a service', () => {
  it('are those that its engine has loaded, without the name by which it proves itself', async () => {
    scene.engine.answer(list);
    const answer = await models();
    expect([answer.status, await answer.json()]).toEqual([200, { id: '7', models: ['gpt2'] }]);
    const [seen] = scene.engine.seen;
    expect([seen?.method, seen?.url, seen?.headers.authorization]).toEqual([
      'GET',
      '/v1/models',
      `Bearer ${serviceKey}`,
    ]);
    expect(await (await models(vllm.serviceId)).json()).toMatchObject({ id: vllm.serviceId });
  });

  it('cannot be told where its engine makes no sense', async () => {
    for (const script of [json(200, { data: 1 }), json(401, {}), json(500, {})]) {
      scene.engine.answer(script);
      const [status, code] = await errorOf(await models());
      expect([status, code]).toEqual([502, 'upstream_error']);
    }
  });
});

describe('a prompt', () => {
  it('is a chat of one message', async () => {
    scene.engine.answer(chatted);
    const answer = await prompt({ prompt: 'Say hello.', max_tokens: 9, temperature: 0.5 });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { id: '7', model: 'gpt2', text: 'Hello.', finish_reason: 'stop', usage },
    ]);
    const messages = [{ role: 'user', content: 'Say hello.' }];
    const sent = { model: 'gpt2', messages, max_tokens: 9, temperature: 0.5 };
    expect(asked()).toEqual([['/v1/chat/completions', sent]]);
    expect(scene.engine.seen[0]?.headers.authorization).toBe(`Bearer ${serviceKey}`);
  });

  it('is completed where the model has no chat template, which is remembered', async () => {
    scene.engine.answer((response, seen) =>
      (seen.url === '/v1/completions' ? completed : noTemplate)(response, seen),
    );
    const answer = await prompt({ prompt: 'Hello' });
    expect(await answer.json()).toEqual({
      ...{ id: '7', model: 'gpt2', text: ' there', finish_reason: 'length', usage },
    });
    expect((await prompt({ prompt: 'Hello', model: 'gpt2' })).status).toBe(200);
    expect(asked()).toEqual([
      ['/v1/chat/completions', { model: 'gpt2', messages: [{ role: 'user', content: 'Hello' }] }],
      ['/v1/completions', { model: 'gpt2', prompt: 'Hello' }],
      ['/v1/completions', { model: 'gpt2', prompt: 'Hello' }],
    ]);
    // Another job of the same service may have another engine.
    const next = serviceRoute(scene.engine.port).endpoint;
    await scene.serve({ ...vllm, endpoint: next });
    scene.engine.seen.length = 0;
    scene.engine.answer(chatted);
    await prompt({ prompt: 'Hello' });
    expect(asked().map(([url]) => url)).toEqual(['/v1/chat/completions']);
  });

  it('that the engine refuses has its refusal, as it is', async () => {
    const error = { message: 'max_tokens is too large', code: 400 };
    for (const status of [400, 422, 429]) {
      scene.engine.answer(json(status, { error }));
      const answer = await prompt({ prompt: 'x', max_tokens: 100_000 });
      expect([answer.status, await answer.json()]).toEqual([status, { error }]);
      expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    }
  });

  it('is answered with JSON alone, whatever its engine calls it', async () => {
    const html = { 'content-type': 'text/html' };
    scene.engine.answer((response) => void response.writeHead(400, html).end('{"error":"<b>"}'));
    const answer = await prompt({ prompt: 'x' });
    expect([answer.status, await answer.text()]).toEqual([400, '{"error":"<b>"}']);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json(;|$)/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    for (const said of ['<script>alert(1)</script>', 'null', '"x"']) {
      scene.engine.answer((response) => void response.writeHead(422, html).end(said));
      const [status, code] = await errorOf(await prompt({ prompt: 'x' }));
      expect([status, code]).toEqual([502, 'upstream_error']);
    }
  });

  it('counts with its answer in the room for bodies, until it is answered', async () => {
    scene.engine.answer((response, seen) => {
      if (seen.url === '/v1/completions') return;
      response.writeHead(400).end(`{"error":"no chat template"}${' '.repeat(300_000)}`);
    });
    const body = { prompt: 'x'.repeat(100_000) };
    const leaving = new AbortController();
    const answer = prompt(body, '7', { signal: leaving.signal }).catch(() => undefined);
    await until('asked again', () => scene.engine.seen.length === 2);
    expect(await scene.proxy.metric('wakefield_body_bytes')).toBeGreaterThan(400_000);
    leaving.abort();
    await answer;
    await until('given back', async () => (await scene.proxy.metric('wakefield_body_bytes')) === 0);
  });

  it('that is answered without end is given up', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200).write(`"${'x'.repeat(1 << 20)}`);
    });
    const [status, code, message] = await errorOf(await prompt({ prompt: 'x' }));
    expect([status, code]).toEqual([502, 'upstream_error']);
    expect(message).toContain('more than 1048576 bytes');
    await until('let go', () => scene.engine.open() === 0);
    expect(await scene.proxy.metric('wakefield_body_bytes')).toBe(0);
  });

  it('waits no longer than its caller', async () => {
    for (const script of [() => undefined, (response) => void response.write('{')] as Script[]) {
      scene.engine.answer(script);
      const answer = await prompt({ prompt: 'x' }, '7', {
        headers: { ...headers, 'x-request-timeout': '0.2' },
      });
      expect((await errorOf(answer)).slice(0, 2)).toEqual([504, 'total_timeout']);
      await until('let go', () => scene.engine.open() === 0);
    }
    const nonsense = { ...headers, 'x-request-timeout': 'soon' };
    expect((await prompt({ prompt: 'x' }, '7', { headers: nonsense })).status).toBe(400);
  });

  it('for a model that it has not is told which it has', async () => {
    scene.engine.answer((response, seen) =>
      (seen.url === '/v1/models' ? list : json(404, { error: {} }))(response, seen),
    );
    expect(await errorOf(await prompt({ prompt: 'x', model: 'gpt3' }))).toEqual([
      404,
      'model_not_found',
      'The service has no model "gpt3". It has "gpt2".',
    ]);
    expect((await errorOf(await prompt({ prompt: 'x' })))[1]).toBe('invalid_request');
    const many = Array.from({ length: 12 }, (_, at) => ({ id: `m${at}` }));
    scene.engine.answer((response, seen) =>
      (seen.url === '/v1/models' ? json(200, { data: many }) : json(404, {}))(response, seen),
    );
    expect((await errorOf(await prompt({ prompt: 'x' })))[2]).toMatch(/"m8", "m9", 2 more\.$/);
  });

  it('whose engine fails, is gone or makes no sense is told so', async () => {
    for (const script of [json(500, {}), json(403, {}), json(200, { choices: [] })]) {
      scene.engine.answer(script);
      const [status, code] = await errorOf(await prompt({ prompt: 'x' }));
      expect([status, code]).toEqual([502, 'upstream_error']);
    }
    scene.engine.answer((response) => void response.destroy());
    expect((await errorOf(await prompt({ prompt: 'x' })))[1]).toBe('upstream_error');
  });

  it.each([
    [{}, 'prompt'],
    [{ prompt: '' }, 'prompt'],
    [{ prompt: 'x', max_tokens: 0 }, 'max_tokens'],
    [{ prompt: 'x', temperature: 3 }, 'temperature'],
    [{ prompt: 'x', modle: 'gpt2' }, 'modle'],
    ['{"prompt": "x"', null],
  ])('is checked field by field: %j', async (body, param) => {
    const answer = await prompt(body);
    const { error } = (await answer.json()) as { error: { param: unknown } };
    expect([answer.status, error.param]).toEqual([400, param]);
    expect(scene.engine.seen).toEqual([]);
  });

  it('of too many bytes is refused', async () => {
    const answer = await prompt({ prompt: 'x'.repeat(2 << 20) });
    expect((await errorOf(answer)).slice(0, 2)).toEqual([413, 'payload_too_large']);
  });

  it('waits for nothing that does not run', async () => {
    await scene.serve({ ...vllm, state: 'building', endpoint: null });
    const answer = await prompt({ prompt: 'x' });
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await errorOf(answer)).toEqual([
      409,
      'service_not_ready',
      'The service does not answer, its status is building.',
    ]);
  });

  it('is for services that serve a model, whichever engine it is', async () => {
    scene.engine.answer(chatted);
    const sglang = { ...vllm, recipe: 'inference/sglang' };
    await scene.serve(sglang, scene.storage);
    expect((await prompt({ prompt: 'x' })).status).toBe(200);
    for (const answer of [await prompt({ prompt: 'x' }, '21'), await models('21')])
      expect((await errorOf(answer)).slice(0, 2)).toEqual([400, 'invalid_request']);
  });

  it('is for who may use it', async () => {
    for (const [who, status] of [
      ['viewer-of-demo', 403],
      ['user-of-other', 404],
      ['nobody', 401],
    ] as const)
      expect((await prompt({ prompt: 'x' }, '7', { headers: as(who) })).status).toBe(status);
  });

  it('is given up when its caller leaves', async () => {
    scene.engine.answer(() => undefined);
    const client = await rawClient(scene.proxy.port);
    const body = JSON.stringify({ prompt: 'x' });
    client.send(
      `POST /api/v1/vllm/7/prompt HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user-of-demo\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until('asked', () => scene.engine.seen.length === 1);
    client.socket.destroy();
    await until('given up', () => scene.engine.open() === 0);
    await until('over', () => scene.proxy.demand()?.models.get(vllm.serviceId)?.running === 0);
  });
});
