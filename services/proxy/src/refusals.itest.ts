import { describe, expect, it } from '@jest/globals';
import { auth, chat, until } from '../test/harness.ts';
import { rawClient, rawRequest } from '../test/raw.ts';
import { useScene } from '../test/scene.ts';

const scene = useScene();
const post = (body?: string): RequestInit =>
  body === undefined ? { method: 'POST', headers: auth } : { method: 'POST', headers: auth, body };
const errorOf = async (answer: Response) =>
  (await answer.json()) as { error: Record<string, unknown> };

describe('refusals', () => {
  const stranger = { headers: { authorization: 'Bearer x' } };
  const compressed = { ...post('x'), headers: { ...auth, 'content-encoding': 'gzip' } };

  it.each<[string, string, RequestInit, number, string, string | null]>([
    ['no key', 'chat/completions', { method: 'POST', body: '{}' }, 401, 'invalid_api_key', null],
    ['a wrong key', 'models', stranger, 401, 'invalid_api_key', null],
    ['a wrong method', 'chat/completions', { headers: auth }, 405, 'method_not_allowed', null],
    ['an unknown path', 'audio/speech', post(), 404, 'not_found', null],
    ['no JSON', 'completions', post('hello'), 400, 'invalid_json', null],
    ['broken JSON', 'completions', post('{"model":"a/b"'), 400, 'invalid_json', null],
    ['no body', 'completions', post(), 400, 'invalid_json', null],
    ['no model', 'embeddings', post('{"input":"x"}'), 400, 'invalid_request', 'model'],
    ['a number for a model', 'embeddings', post('{"model":1}'), 400, 'invalid_request', 'model'],
    ['an unknown model', 'embeddings', post('{"model":"x"}'), 404, 'model_not_found', 'model'],
    ['one by path', 'models/x%2Fy', { headers: auth }, 404, 'model_not_found', 'model'],
    ['compression', 'embeddings', compressed, 415, 'unsupported_media_type', 'content-encoding'],
  ])('%s', async (_, path, init, status, code, param) => {
    const answer = await fetch(`${scene.proxy.url}/p/demo/openai/v1/${path}`, init);
    expect(answer.status).toBe(status);
    const { error } = await errorOf(answer);
    const text = expect.any(String);
    expect(error).toMatchObject({ code, param, type: text, message: text });
    expect(error.request_id).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('www-authenticate') !== null).toBe(status === 401);
    expect(answer.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  });

  it('an unknown project, to those who may know', async () => {
    const answer = await fetch(`${scene.proxy.url}/p/nope/openai/v1/models`, { headers: auth });
    expect(answer.status).toBe(404);
    expect((await errorOf(answer)).error.code).toBe('project_not_found');
  });

  describe('what may be new is not called unknown while the store', () => {
    const unknown: readonly (readonly [string, RequestInit])[] = [
      ['demo/openai/v1/embeddings', post('{"model":"x"}')],
      ['demo/openai/v1/models/x', { headers: auth }],
      ['nope/openai/v1/models', { headers: auth }],
      ['nope/openai/v1/embeddings', post('{"model":"x"}')],
    ];
    const codes = async () =>
      await Promise.all(
        unknown.map(async ([path, init]) => {
          const answer = await fetch(`${scene.proxy.url}/p/${path}`, init);
          const { error } = await errorOf(answer);
          return [answer.status, error.code, answer.headers.get('retry-after') !== null];
        }),
      );

    it('is away', async () => {
      scene.proxy.breakStores(true);
      try {
        expect(await codes()).toEqual(unknown.map(() => [503, 'store_unavailable', true]));
      } finally {
        scene.proxy.breakStores(false);
      }
      const known = (await codes()).map(([status]) => status);
      expect(known).toEqual(unknown.map(() => 404));
    });

    it('does not answer', async () => {
      const { goOn } = scene.proxy.pauseRoutes();
      try {
        expect(await codes()).toEqual(unknown.map(() => [503, 'store_unavailable', true]));
      } finally {
        goOn();
      }
    });
  });

  it('an insane request id', async () => {
    const answer = await chat(scene.proxy.url, {}, { headers: { 'x-request-id': 'a b"c' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  });

  it('repeats a name that is no name in short, to the caller and to the log', async () => {
    const answer = await chat(scene.proxy.url, { model: 'm'.repeat(500_000) });
    expect(answer.status).toBe(404);
    expect((await answer.text()).length).toBeLessThan(1000);
    const project = 'p'.repeat(8000);
    const other = await fetch(`${scene.proxy.url}/p/${project}/openai/v1/embeddings`, post('{}'));
    expect((await other.text()).length).toBeLessThan(1000);
    expect(Math.max(...scene.proxy.log.map((line) => line.length))).toBeLessThan(2000);
  });
});

describe('a client that leaves while its project is looked for', () => {
  it('is not served when the project turns up', async () => {
    await scene.restart({ sweepMs: 60_000 });
    const { waiting, goOn } = scene.proxy.pauseRoutes();
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest('{"model":"a/b"}', '', '/p/late/openai/v1/completions'));
    await until('looked for', () => waiting() === 1);
    scene.proxy.addProject('late');
    client.socket.destroy();
    // By the time this is answered the proxy knows that the client is gone.
    await fetch(`${scene.proxy.url}/health`);
    goOn();
    const left = () => scene.proxy.metric('wakefield_http_requests_total{code="499"');
    await until('counted', async () => (await left()) === 1);
    await scene.proxy.stop();
    expect(scene.proxy.log.join('')).not.toContain('ending requests');
  });
});

describe('the log', () => {
  it('has one line per request, and never a key, a question or an answer', async () => {
    const body = { messages: [{ role: 'user', content: 'my-secret-question' }] };
    await (await chat(scene.proxy.url, body)).text();
    await (await chat(scene.proxy.url, body, { headers: { authorization: 'Bearer no' } })).text();
    const log = scene.proxy.log.join('');
    expect(log.match(/"msg":"inference request"/g)).toHaveLength(2);
    for (const secret of [auth.authorization, 'key-of-', 'my-secret-question', 'Hello.']) {
      expect(log).not.toContain(secret);
    }
  });
});
