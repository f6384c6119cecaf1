import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '@wakefield/simulator';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { endpoint, type Harness, key, startHarness, until } from '../test/harness.ts';
import { audio } from '../test/session.ts';

const model = 'wakefield/simulator';
const messages = [{ role: 'user' as const, content: 'Tell me something.' }];
let proxy: Harness;
let engine: Simulator;
let client: OpenAI;

const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${engine.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(name));
  return Number(line?.slice(line.lastIndexOf(' ')) ?? Number.NaN);
};

beforeAll(async () => {
  engine = await startSimulator({ key: 'key-of-job-1', tokensPerSecond: 200, models: [model] });
  proxy = await startHarness();
  client = new OpenAI({ baseURL: `${proxy.url}/p/demo/openai/v1`, apiKey: key, maxRetries: 0 });
});

afterAll(async () => {
  await proxy.stop();
  await engine.close();
});

beforeEach(async () => {
  const endpoints = [endpoint(engine.port, 'job-1')];
  proxy.route(model, { state: 'ready', idle: false, endpoints, reason: null });
  proxy.route('asleep/one', { state: 'not_loaded', idle: true, endpoints: [] });
  await proxy.caughtUp();
});

describe('the official client', () => {
  it('chats', async () => {
    const answer = await client.chat.completions.create({ model, messages, max_tokens: 5 });
    expect(answer.choices[0]?.message.content).toBeTruthy();
    expect(answer.usage?.completion_tokens).toBe(5);
  });

  it('chats by stream, with usage', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages,
      max_tokens: 8,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    expect(text).toBeTruthy();
    expect(tokens).toBe(8);
    await until(
      'counted',
      async () => (await proxy.metric('wakefield_tokens_total{kind="completion"')) >= 8,
    );
  });

  it('completes and embeds', async () => {
    const completion = await client.completions.create({ model, prompt: 'Once', max_tokens: 3 });
    expect(completion.choices[0]?.text).toBeTruthy();
    const embedding = await client.embeddings.create({ model, input: ['a', 'b'] });
    expect(embedding.data).toHaveLength(2);
    expect(embedding.data[0]?.embedding.every(Number.isFinite)).toBe(true);
  });

  it('lists and retrieves models', async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(['asleep/one', model]);
    expect(await client.models.retrieve('asleep/one')).toMatchObject({ owned_by: 'demo' });
  });

  it('stops the engine when it stops listening', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages,
      max_tokens: 5000,
      stream: true,
    });
    for await (const _ of stream) break;
    await until('idle', async () => (await metric('vllm:num_requests_running')) === 0);
    const generated = await metric('vllm:generation_tokens_total');
    expect(generated).toBeLessThan(1000);
  });

  it('raises errors as what they are', async () => {
    const ask = (name: string) => client.chat.completions.create({ model: name, messages });
    await expect(ask('no/such')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    });
    const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it('raises what goes wrong behind an open stream', async () => {
    const stream = await client.chat.completions.create({
      model: 'asleep/one',
      messages,
      stream: true,
    });
    proxy.route('asleep/one', { state: 'failed', idle: false, reason: 'no memory' });
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    await expect(read()).rejects.toThrow();
  });

  it('is woken for, and hears nothing of the comments', async () => {
    const stream = await client.chat.completions.create({
      model: 'asleep/one',
      messages,
      stream: true,
      max_tokens: 4,
    });
    expect(proxy.wakes).toContain('demo/asleep/one');
    const late = await startSimulator({ key: 'key-of-job-2', models: ['asleep/one'] });
    const endpoints = [endpoint(late.port, 'job-2')];
    proxy.route('asleep/one', { state: 'ready', idle: false, endpoints });
    let chunks = 0;
    for await (const _ of stream) chunks += 1;
    expect(chunks).toBeGreaterThan(3);
    await late.close();
  });

  it('finds an engine that is being ended told from one that has finished', async () => {
    const dying = await startSimulator({
      key: 'key-of-job-3',
      models: ['dying/one'],
      tokensPerSecond: 50,
    });
    const endpoints = [endpoint(dying.port, 'job-3')];
    proxy.route('dying/one', { state: 'ready', idle: false, endpoints });
    const stream = await client.chat.completions.create({
      model: 'dying/one',
      messages,
      stream: true,
      max_tokens: 1000,
    });
    const read = async (): Promise<void> => {
      let chunks = 0;
      for await (const _ of stream) if (++chunks === 3) void dying.shutdown();
    };
    await expect(read()).rejects.toMatchObject({ code: 'upstream_error' });
    await dying.close();
  });
});

describe('the official client of realtime sessions', () => {
  it('speaks with the engine', async () => {
    // It insists on TLS, which ends in front of us.
    const options = { createConnection: () => connect(proxy.port, '127.0.0.1') };
    const session = new OpenAIRealtimeWS({ model, options }, client);
    expect(session.url.href).toMatch(/\/p\/demo\/openai\/v1\/realtime\?model=/);
    const heard: { readonly type: string; readonly text?: string }[] = [];
    session.on('event', (event) => heard.push(event as { type: string }));
    await once(session.socket, 'open');
    // Events are vLLM's, which knows others than OpenAI.
    const say = (event: object) => session.send(event as Parameters<typeof session.send>[0]);
    say({ type: 'session.update', model });
    say({ type: 'input_audio_buffer.commit' });
    say({ type: 'input_audio_buffer.append', audio: audio(2) });
    say({ type: 'input_audio_buffer.commit', final: true });
    await until('heard', () => heard.at(-1)?.type === 'transcription.done');
    expect(heard.at(0)?.type).toBe('session.created');
    expect(heard.at(-1)?.text).toBeTruthy();
    session.close();
    await once(session.socket, 'close');
    await until('counted', () => {
      const last = proxy.usage.ended.at(-1);
      return last?.operation === 'realtime' && last.completionTokens === 2;
    });
  });

  it('is told what is wrong with its key', async () => {
    const other = new OpenAI({ baseURL: client.baseURL, apiKey: 'wrong' });
    const options = { createConnection: () => connect(proxy.port, '127.0.0.1') };
    const session = new OpenAIRealtimeWS({ model, options }, other);
    const failed = Promise.withResolvers<Error>();
    session.on('error', failed.resolve);
    expect((await failed.promise).message).toContain('401');
  });
});
