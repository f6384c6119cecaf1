import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  authorization,
  type BridgeScene,
  openScene,
  question,
  versions,
} from '../../../test/bridge-scene.ts';

let scene: BridgeScene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

interface Chat {
  readonly object: string;
  readonly choices: readonly {
    readonly message: { readonly content: string };
    finish_reason: string;
  }[];
  readonly usage: { readonly completion_tokens: number };
}

describe.each(versions)('HEAppE %s', (version) => {
  beforeEach(() => {
    scene.heappe.version = version;
  });

  test('a plain chat is whole', async () => {
    const answer = await scene.chat();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    const body = (await answer.body.json()) as Chat;
    expect(body.object).toBe('chat.completion');
    expect(body.choices).toHaveLength(1);
    expect(body.choices[0]?.message.content.length).toBeGreaterThan(8);
    expect(body.choices[0]?.finish_reason).toBe('length');
    expect(body.usage.completion_tokens).toBe(8);
  });

  test.each([
    ['/v1/chat/completions', { ...question, n: 3 }],
    ['/v1/completions', { model: 'acme/small', prompt: 'Once', n: 2, max_tokens: 5 }],
  ])('a plain answer of %s is the one that the engine gives itself', async (path, body) => {
    const direct = await fetch(`${scene.engine.url}${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const its = await direct.json();
    const { id, created, ...ours } = (await (await scene.post(path, body)).body.json()) as {
      id: string;
      created: number;
    };
    expect([typeof id, typeof created]).toEqual(['string', 'number']);
    // What engines write as null or empty beside it is not in their streams.
    expect(its).toMatchObject(ours);
    expect(ours).toHaveProperty('usage');
  });

  test('a streamed chat is a stream', async () => {
    const answer = await scene.chat({ stream: true });
    expect(answer.headers['content-type']).toMatch(/^text\/event-stream/);
    const text = await answer.body.text();
    expect(text).toMatch(/^data: \{/);
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    expect(text.split('\n\n').length).toBeGreaterThan(8);
  });

  test('embeddings and text completions', async () => {
    const vectors = await scene.post('/v1/embeddings', { model: 'acme/small', input: ['a', 'ä'] });
    expect(((await vectors.body.json()) as { data: unknown[] }).data).toHaveLength(2);
    const text = await scene.post('/v1/completions', { model: 'acme/small', prompt: 'x', n: 2 });
    const body = (await text.body.json()) as { object: string; choices: { text: string }[] };
    expect(body.object).toBe('text_completion');
    expect(body.choices.map(({ text: said }) => said.length > 0)).toEqual([true, true]);
  });

  test('health, models and metrics', async () => {
    expect((await scene.get('/health', {})).statusCode).toBe(200);
    const models = await scene.get('/v1/models');
    expect(await models.body.json()).toMatchObject({
      data: [{ id: 'acme/small' }, { id: 'job-7' }],
    });
    const metrics = await scene.get('/metrics', {});
    expect(metrics.headers['content-type']).toMatch(/^text\/plain/);
    expect(await metrics.body.text()).toContain('vllm:num_requests_running');
  });

  test('who has no key is told so', async () => {
    expect((await scene.get('/v1/models', {})).statusCode).toBe(401);
  });

  test('a request that the engine refuses is the request that is wrong', async () => {
    const answer = await scene.post('/v1/chat/completions', { model: 'acme/small' });
    expect(answer.statusCode).toBe(400);
    const { error } = (await answer.body.json()) as { error: { message: string } };
    // Before 6.2.2 its words are lost.
    if (version >= '6.2.2') expect(error.message).toContain('messages');
  });

  test('one tunnel, asked for once, however many connections', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => scene.chat()));
    for (const { statusCode, body } of answers) {
      expect(statusCode).toBe(200);
      await body.dump();
    }
    expect(scene.heappe.count('requestTunnel')).toBe(1);
  });

  test('a restart of HEAppE costs nobody a request', async () => {
    await (await scene.chat()).body.dump();
    scene.heappe.tunnels.clear();
    const answers = await Promise.all([
      scene.chat(),
      scene.chat(),
      scene.get('/health', {}),
      scene.get('/v1/models'),
    ]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    for (const { body } of answers) await body.dump();
    expect(scene.heappe.count('requestTunnel')).toBe(2);
  });

  test('a prompt that is too long is refused before HEAppE sees it', async () => {
    const { postBytes } = await scene.heappe.features();
    const long = 'x'.repeat(postBytes);
    const answer = await scene.chat({ messages: [{ role: 'user', content: long }] });
    expect(answer.statusCode).toBe(413);
    const { error } = (await answer.body.json()) as { error: { message: string } };
    expect(error).toMatchObject({ code: 'payload_too_large', type: 'invalid_request_error' });
    expect(error.message).toContain(String(postBytes));
    expect(scene.heappe.requests).toEqual([]);
  });
});
