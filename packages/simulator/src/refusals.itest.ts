import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import OpenAI, { type APIError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { type Simulator, startSimulator } from './simulator.ts';

let simulator: Simulator;
let client: OpenAI;
const messages = [{ role: 'user' as const, content: 'What is a queue?' }];
const model = 'acme/small';

beforeAll(async () => {
  simulator = await startSimulator({
    models: [model],
    key: 'right',
    tokensPerSecond: 5000,
    maxModelLen: 2000,
  });
  client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'right', maxRetries: 0 });
});

afterAll(() => simulator.close());

describe('what the client makes of refusals', () => {
  const failure = (work: PromiseLike<unknown>) =>
    Promise.resolve(work).then(
      () => null,
      (error: unknown) => error,
    );

  test('a wrong key', async () => {
    const stranger = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    expect(await failure(stranger.models.list())).toBeInstanceOf(AuthenticationError);
    const raw = await fetch(`${simulator.url}/v1/models`);
    expect([raw.status, await raw.json()]).toEqual([401, { error: 'Unauthorized' }]);
  });

  test('an unknown model', async () => {
    const error = await failure(client.chat.completions.create({ model: 'nope', messages }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect((error as APIError).error).toEqual({
      message: 'The model `nope` does not exist.',
      type: 'NotFoundError',
      param: 'model',
      code: 404,
    });
  });

  test.each([
    ['messages no list', { messages: 'hi' }, 'body.messages', 'Bad Request'],
    ['no messages', {}, 'body.messages', 'Bad Request'],
    ['max_tokens a text', { messages, max_tokens: 'ten' }, 'body.max_tokens', 'Bad Request'],
    ['max_tokens a fraction', { messages, max_tokens: 1.5 }, 'body.max_tokens', 'Bad Request'],
    ['max_tokens 0', { messages, max_tokens: 0 }, 'max_tokens', 'BadRequestError'],
    ['n 0', { messages, n: 0 }, null, 'BadRequestError'],
    ['too hot', { messages, temperature: 3 }, 'temperature', 'BadRequestError'],
    ['top_p 0', { messages, top_p: 0 }, 'top_p', 'BadRequestError'],
    ['min above max', { messages, max_tokens: 1, min_tokens: 2 }, null, 'BadRequestError'],
    ['stream a word', { messages, stream: 'perhaps' }, 'body.stream', 'Bad Request'],
    [
      'stream options alone',
      { messages, stream_options: { include_usage: true } },
      'stream_options',
      'Bad Request',
    ],
    ['too long', { messages, max_tokens: 5000 }, 'input_tokens', 'BadRequestError'],
  ])('%s', async (_name, body, param, type) => {
    const error = await failure(client.post('/chat/completions', { body: { model, ...body } }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect((error as APIError).error).toMatchObject({ param, type, code: 400 });
  });

  test.each([
    ['broken JSON', 'POST', '/v1/chat/completions', '{"messages":', 'application/json', 400],
    ['no JSON by its name', 'POST', '/v1/chat/completions', '{}', 'text/plain', 400],
    ['a list', 'POST', '/v1/chat/completions', '[]', 'application/json', 400],
    ['the wrong method', 'GET', '/v1/chat/completions', undefined, 'application/json', 405],
    ['no such route', 'GET', '/v1/files', undefined, 'application/json', 404],
    ['no model by id', 'GET', '/v1/models/acme', undefined, 'application/json', 404],
    ['an inherited name', 'GET', '/v1/toString', undefined, 'application/json', 404],
  ])('%s', async (_name, method, path, body, type, status) => {
    const response = await fetch(simulator.url + path, {
      method,
      headers: { authorization: 'Bearer right', 'content-type': type },
      ...(body === undefined ? {} : { body }),
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: status } });
  });

  test('types are taken as pydantic takes them: by what is meant', async () => {
    const body = { model, messages, max_tokens: '2', stream: 'no', temperature: '0.5' };
    const answer = await client.post('/chat/completions', { body });
    expect(answer).toMatchObject({ usage: { completion_tokens: 2 } });
  });

  test('fields that nobody knows are let through', async () => {
    const answer = client.post('/chat/completions', {
      body: { model, messages, max_tokens: 1, top_k: 3, made_up: { a: 1 } },
    });
    expect(await failure(answer)).toBeNull();
  });
});
