import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '@wakefield/simulator';
import { auth, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

const model = 'acme/small';
const key = 'key-of-job-1';
let engine: Simulator;
let proxy: Harness;

beforeAll(async () => {
  engine = await startSimulator({ models: [model], key, tokensPerSecond: 2000 });
  proxy = await startHarness();
  proxy.route(model, { state: 'ready', idle: false, endpoints: [endpoint(engine.port, 'job-1')] });
});
afterAll(async () => {
  await proxy.stop();
  await engine.close();
});

const messages = [{ role: 'user', content: 'Say something about rivers.' }];

/** Without what is another in each answer: when it was made, and what it is called. */
async function stream(url: string, bearer: string, body: object): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, ...body }),
  });
  expect(answer.status).toBe(200);
  return (await answer.text())
    .replaceAll(/"created":\d+/g, '"created":0')
    .replaceAll(/"id":"(chatcmpl|cmpl)-[^"]+"/g, '"id":"$1"');
}

describe('a stream of vLLM whose usage only we ask for', () => {
  it.each<[string, string, object]>([
    ['chat', 'chat/completions', { messages, max_tokens: 20 }],
    ['chat to its natural end', 'chat/completions', { messages }],
    ['several answers', 'chat/completions', { messages, n: 3, max_tokens: 7 }],
    ['completion', 'completions', { prompt: 'Once', max_tokens: 9 }],
    [
      'options of its own',
      'completions',
      { prompt: 'Once', stream_options: { include_usage: false } },
    ],
    ['options of nobody', 'completions', { prompt: 'Once', stream_options: null }],
    [
      'usage all along',
      'chat/completions',
      { messages, stream_options: { continuous_usage_stats: true } },
    ],
    ['usage asked for', 'chat/completions', { messages, stream_options: { include_usage: true } }],
  ])('is what the engine itself would send: %s', async (_what, operation, body) => {
    const direct = await stream(`${engine.url}/v1/${operation}`, `Bearer ${key}`, body);
    // The second one knows the engine's fingerprint.
    for (let round = 0; round < 2; round += 1) {
      const through = await stream(
        `${proxy.url}/p/demo/openai/v1/${operation}`,
        auth.authorization,
        body,
      );
      expect(through).toBe(direct);
    }
  });

  it('is counted exactly, but where its caller has usage somewhere else', async () => {
    await until('all are recorded', () => proxy.usage.ended.length === 16);
    const estimated = proxy.usage.ended.map((record) => record.estimated);
    expect(estimated.filter((one) => one)).toHaveLength(2);
    expect(proxy.usage.ended.slice(0, 2).map(({ completionTokens }) => completionTokens)).toEqual([
      20, 20,
    ]);
  });
});
