import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import type { Generated } from './routes.ts';
import { type Simulator, startSimulator } from './simulator.ts';
import { answerTokens } from './text.ts';

let simulator: Simulator;
let client: OpenAI;
const messages = [{ role: 'user' as const, content: 'What is a queue?' }];
const model = 'acme/small';

beforeAll(async () => {
  simulator = await startSimulator({
    models: [model, '__job_wf-t-1'],
    key: 'right',
    tokensPerSecond: 5000,
    maxModelLen: 2000,
  });
  client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'right', maxRetries: 0 });
});

afterAll(() => simulator.close());

function expected(prompt: string, tokens: number, choice = 0): string {
  const source = answerTokens(prompt, choice);
  return Array.from({ length: tokens }, () => source.next().value ?? '').join('');
}

describe('the official client against the simulator', () => {
  test('models.list names the served names and says who answers', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual([model, '__job_wf-t-1']);
    expect(data[0]).toMatchObject({ owned_by: 'wakefield-simulator', simulated: true });
  });

  test('a whole chat completion', async () => {
    const answer = await client.chat.completions.create({ model, messages, max_tokens: 20 });
    expect(answer.object).toBe('chat.completion');
    expect(answer.id).toMatch(/^chatcmpl-/);
    expect(answer.choices).toHaveLength(1);
    expect(answer.choices[0]).toMatchObject({
      index: 0,
      finish_reason: 'length',
      message: { role: 'assistant', content: expected('What is a queue?', 20) },
    });
    expect(answer.usage).toMatchObject({
      prompt_tokens: 4,
      completion_tokens: 20,
      total_tokens: 24,
    });
  });

  test('max_completion_tokens is the newer word for the same', async () => {
    const answer = await client.chat.completions.create({
      model,
      messages,
      max_completion_tokens: 7,
    });
    expect(answer.usage?.completion_tokens).toBe(7);
  });

  test('a streamed one: role, deltas, finish, usage', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages,
      max_tokens: 9,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    const last = chunks.at(-2)?.choices[0];
    expect(last?.finish_reason).toBe('length');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 9 } });
    expect(chunks.slice(1, -1)).toHaveLength(9);
    expect(
      chunks.slice(1, -1).every(({ choices }) => choices[0]?.finish_reason !== undefined),
    ).toBe(true);
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(expected('What is a queue?', 9));
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  test('the stream of bytes: one event a chunk, [DONE] last, no usage unless asked', async () => {
    const response = await fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer right', 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, max_tokens: 3, stream: true }),
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = (await response.text()).trimEnd().split('\n\n');
    expect(events).toHaveLength(5);
    expect(events.at(-1)).toBe('data: [DONE]');
    expect(events.slice(0, -1).some((event) => event.includes('"usage"'))).toBe(false);
    expect(events.slice(0, -2).every((event) => !event.includes('stop_reason'))).toBe(true);
  });

  test('the fingerprint is in the last chunk: that of the usage, where that is asked for', async () => {
    const ask = { model, messages, max_tokens: 3, n: 2, stream: true } as const;
    const read = async (more: object) => {
      const chunks = [];
      for await (const chunk of await client.chat.completions.create({ ...ask, ...more }))
        chunks.push(chunk);
      return chunks.map((chunk) => [
        chunk.choices[0]?.finish_reason ?? null,
        chunk.system_fingerprint?.startsWith('vllm-') ?? false,
      ]);
    };
    const plain = await read({});
    expect(plain.filter(([, has]) => has)).toEqual([
      ['length', true],
      ['length', true],
    ]);
    const asked = await read({ stream_options: { include_usage: true } });
    expect(asked.filter(([, has]) => has)).toEqual([[null, true]]);
    expect(asked.at(-1)).toEqual([null, true]);
    expect(asked).toHaveLength(plain.length + 1);
  });

  test('usage in every chunk, where it is asked for besides', async () => {
    const read = async (stream_options: object) => {
      const chunks = [];
      const ask = { model, messages, max_tokens: 3, stream: true, stream_options } as const;
      for await (const chunk of await client.chat.completions.create(ask)) chunks.push(chunk);
      return chunks.map(({ usage }) => usage?.completion_tokens);
    };
    expect(await read({ include_usage: true, continuous_usage_stats: true })).toEqual([
      undefined,
      1,
      2,
      3,
      3,
    ]);
    expect(await read({ continuous_usage_stats: true })).toEqual(Array(4).fill(undefined));
  });

  test('what of a prompt was at hand, where it is to tell', async () => {
    const generated: Generated[] = [];
    const telling = await startSimulator(
      { models: ['a/b'], enablePromptTokensDetails: true, tokensPerSecond: 5000 },
      undefined,
      (one) => generated.push(one),
    );
    const prompt = 'word '.repeat(40);
    const ask = async (stream: boolean) => {
      const answer = await fetch(`${telling.url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': `stream-${stream}` },
        body: JSON.stringify({
          model: 'a/b',
          prompt,
          stream,
          max_tokens: 4,
          ...(stream ? { stream_options: { include_usage: true } } : {}),
        }),
      });
      return /"cached_tokens":(\d+)/.exec(await answer.text())?.[1];
    };
    expect([await ask(false), await ask(true)]).toEqual(['0', '32']);
    const counts = { promptTokens: 41, completionTokens: 4, complete: true };
    expect(generated).toEqual([
      { requestId: 'stream-false', ...counts },
      { requestId: 'stream-true', ...counts },
    ]);
    await telling.close();
  });

  test('n answers, whole and streamed, are the same ones', async () => {
    const ask = { model, messages, n: 3, max_tokens: 12 };
    const whole = await client.chat.completions.create(ask);
    const texts = whole.choices.map(({ message }) => message.content);
    expect(texts).toEqual([0, 1, 2].map((choice) => expected('What is a queue?', 12, choice)));
    expect(whole.usage?.completion_tokens).toBe(36);
    const streamed = ['', '', ''];
    for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
      for (const { index, delta } of chunk.choices) streamed[index] += delta.content ?? '';
    }
    expect(streamed).toEqual(texts);
  });

  test('stop ends before the word, in both ways', async () => {
    const ask = { model, messages, stop: ['answer'] };
    const whole = await client.chat.completions.create(ask);
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'stop',
      stop_reason: 'answer',
      message: { content: 'This is a simulated ' },
    });
    let streamed = '';
    for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
      streamed += chunk.choices[0]?.delta.content ?? '';
    }
    expect(streamed).toBe('This is a simulated ');
  });

  test('completions: 16 tokens unless told otherwise; streamed as text', async () => {
    const whole = await client.completions.create({ model, prompt: 'Once' });
    expect(whole).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 16 } });
    expect(whole.choices[0]?.text).toBe(expected('Once', 16));
    let text = '';
    const stream = await client.completions.create({ model, prompt: 'Once', stream: true });
    for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
    expect(text).toBe(whole.choices[0]?.text);
  });

  test('embeddings: base64, which the client asks for by itself, and floats are the same', async () => {
    const input = ['a text', 'another'];
    const decoded = await client.embeddings.create({ model, input, dimensions: 8 });
    const floats = await client.embeddings.create({
      model,
      input,
      dimensions: 8,
      encoding_format: 'float',
    });
    expect(decoded.data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
    decoded.data.forEach(({ embedding }, index) => {
      expect(embedding).toEqual(floats.data[index]?.embedding);
    });
    expect(decoded.usage.prompt_tokens).toBeGreaterThan(0);
  });
});
