import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Endpoint } from '@wakefield/domain';
import {
  heappeEngineKey,
  startTestHeappeEngines,
  type TestHeappeEngines,
} from '@wakefield/testkit';
import OpenAI from 'openai';
import { chat, type Harness, key, startHarness, until } from '../test/harness.ts';

jest.setTimeout(60_000);

const model = 'acme/small';
const body = {
  model,
  messages: [{ role: 'user' as const, content: 'Hello' }],
  max_tokens: 20,
  ignore_eos: true,
};
let site: TestHeappeEngines;
let proxy: Harness;

beforeEach(async () => {
  site = await startTestHeappeEngines(2, ['--tokens-per-second', '100']);
  proxy = await startHarness(
    {},
    { body: { maxBytes: 16 << 20, timeoutMs: 10_000 } },
    () => site.transport,
  );
  await routeTo(0);
});

afterEach(async () => {
  await proxy.stop();
  await site.stop();
});

function endpointOf(index: number): Endpoint {
  return {
    jobId: `job-${index}`,
    cluster: 'heappe-test',
    address: site.engines[index]?.address ?? { host: '', port: 0 },
    engineKey: heappeEngineKey,
    capacity: null,
    weight: 1,
    servesUntil: null,
  };
}

async function routeTo(...indices: readonly number[]): Promise<void> {
  proxy.route(model, { state: 'ready', idle: false, endpoints: indices.map(endpointOf) });
  await proxy.caughtUp();
}

const ask = (more: object = {}) => chat(proxy.url, { ...body, ...more });
const retries = (reason: string) =>
  proxy.metric(`wakefield_upstream_retries_total{reason="${reason}"`);

describe('an engine that is reached by way of HEAppE', () => {
  it("answers OpenAI's client, plainly and by stream", async () => {
    const client = new OpenAI({
      baseURL: `${proxy.url}/p/demo/openai/v1`,
      apiKey: key,
      maxRetries: 0,
    });
    const plain = await client.chat.completions.create(body);
    expect(plain.choices[0]?.message.content?.length).toBeGreaterThan(20);
    expect(plain.usage?.completion_tokens).toBe(20);
    let tokens = 0;
    for await (const { choices } of await client.chat.completions.create({ ...body, stream: true }))
      tokens += choices.length;
    expect(tokens).toBeGreaterThan(20);
    const vectors = await client.embeddings.create({ model, input: 'a' });
    expect(vectors.data).toHaveLength(1);
  });

  it('that dies is left for another one', async () => {
    await routeTo(0, 1);
    expect((await ask()).status).toBe(200);
    await site.engines[0]?.kill();
    const answers = await Promise.all([ask(), ask(), ask(), ask()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('that dies in the middle of a stream ends it with an error event', async () => {
    const answer = await ask({ stream: true, max_tokens: 2000 });
    const reading = answer.text();
    await until('under way', async () => (await running()) === 1);
    await site.engines[0]?.kill();
    expect(await reading).toMatch(/data: \{"error":\{.*\}\}\n\n$/);
  });

  it('is not lost with HEAppE: who asks meanwhile waits', async () => {
    expect((await ask()).status).toBe(200);
    const back = site.heappe.server.control.restart({ downMs: 1500 });
    const answers = await Promise.all([ask(), ask({ stream: true }), ask()]);
    await back;
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await answers[1]?.text()).toMatch(/\[DONE\]\n\n$/);
    expect(await retries('died')).toBe(0);
  });

  it('whose stream HEAppE drops ends it with an error event', async () => {
    const answer = await ask({ stream: true, max_tokens: 2000 });
    const reading = answer.text();
    await until('under way', async () => (await running()) === 1);
    await site.heappe.server.control.restart();
    expect(await reading).toMatch(/data: \{"error":\{.*\}\}\n\n$/);
    expect((await ask()).status).toBe(200);
  });

  it('does not see a prompt that HEAppE would not take', async () => {
    const answer = await ask({ messages: [{ role: 'user', content: '\\'.repeat(2_600_000) }] });
    expect(answer.status).toBe(413);
    const { error } = (await answer.json()) as { error: { message: string; code: string } };
    expect(error.code).toBe('payload_too_large');
    expect(error.message).toContain('5000000');
  });

  it('is told what is wrong with a request, and its words reach the client', async () => {
    await routeTo(0, 1);
    const answer = await ask({ max_tokens: 100_000 });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('maximum context length');
    expect(await retries('ended')).toBe(0);
  });

  it('stops when the client leaves', async () => {
    const gone = new AbortController();
    const answer = await chat(
      proxy.url,
      { ...body, stream: true, max_tokens: 2000 },
      { signal: gone.signal },
    );
    await answer.body?.getReader().read();
    await until('under way', async () => (await running()) === 1);
    gone.abort();
    await until('stopped', async () => (await running()) === 0);
  });

  /** As the first engine says itself. */
  async function running(): Promise<number> {
    const { port = 0 } = site.engines[0]?.address ?? {};
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(/^vllm:num_requests_running\{.*\} (\S+)$/m.exec(page)?.[1]);
  }
});
