import { afterEach, describe, expect, test } from '@jest/globals';
import { until } from '@wakefield/testkit';
import { type Simulator, startSimulator } from './simulator.ts';

let simulator: Simulator | undefined;
afterEach(() => simulator?.close());

async function metric(name: string): Promise<number> {
  const page = await (await fetch(`${simulator?.url}/metrics`)).text();
  const line = page.split('\n').find((row) => row.startsWith(`${name}{`));
  return Number(line?.split(' ').at(-1));
}

function ask(body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${simulator?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'x' }], ...body }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const long = { max_tokens: 10_000, ignore_eos: true };
const gone = (error: unknown) => error;

describe('many at once', () => {
  test('those beyond the limit wait, are counted, and get their turn', async () => {
    simulator = await startSimulator({ maxConcurrency: 2, tokensPerSecond: 200 });
    const all = Promise.all(
      Array.from({ length: 5 }, () => ask({ max_tokens: 40, ignore_eos: true })),
    );
    await until(async () => (await metric('vllm:num_requests_waiting')) === 3);
    expect(await metric('vllm:num_requests_running')).toBe(2);
    expect(await metric('vllm:kv_cache_usage_perc')).toBe(1);
    expect((await all).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await metric('vllm:num_requests_waiting')).toBe(0);
    expect(await metric('vllm:generation_tokens_total')).toBe(200);
    expect(await metric('vllm:prompt_tokens_total')).toBe(5);
  });

  test('a client that goes away frees its slot and stops the tokens: streamed, whole and waiting', async () => {
    simulator = await startSimulator({ maxConcurrency: 1, tokensPerSecond: 100 });
    for (const body of [{ ...long, stream: true }, long]) {
      const client = new AbortController();
      const request = ask(body, client.signal)
        .then((response) => response.text())
        .catch(gone);
      await until(async () => (await metric('vllm:num_requests_running')) === 1);
      const second = new AbortController();
      const waiting = ask(body, second.signal).catch(gone);
      await until(async () => (await metric('vllm:num_requests_waiting')) === 1);
      second.abort();
      await waiting;
      await until(async () => (await metric('vllm:num_requests_waiting')) === 0);
      client.abort();
      await request;
      await until(async () => (await metric('vllm:num_requests_running')) === 0);
    }
    const before = await metric('vllm:generation_tokens_total');
    expect(before).toBeLessThan(1000);
    expect(await (await fetch(`${simulator.url}/load`)).json()).toEqual({ server_load: 0 });
    expect(await metric('vllm:generation_tokens_total')).toBe(before);
  });

  test('tokens come at the speed asked for', async () => {
    simulator = await startSimulator({ tokensPerSecond: 100 });
    const startedAt = performance.now();
    await (await ask({ max_tokens: 50, ignore_eos: true, stream: true })).text();
    const took = performance.now() - startedAt;
    expect(took).toBeGreaterThan(480);
    expect(took).toBeLessThan(1500);
  });
});

describe('the way out', () => {
  test('without a timeout: streams are cut and look finished', async () => {
    simulator = await startSimulator({ tokensPerSecond: 100 });
    const stream = await ask({ ...long, stream: true });
    const whole = ask(long);
    await until(async () => (await metric('vllm:num_requests_running')) === 2);
    const stopped = simulator.shutdown();
    const events = (await stream.text()).trimEnd().split('\n\n');
    expect(events.at(-1)).toBe('data: [DONE]');
    expect(events.at(-2)).toContain('"finish_reason":"abort"');
    expect((await whole).status).toBe(200);
    await stopped;
  });

  test('with a timeout: what runs is finished, what comes is answered with abort', async () => {
    simulator = await startSimulator({ tokensPerSecond: 200, shutdownTimeout: 30 });
    const stream = await ask({ max_tokens: 60, ignore_eos: true, stream: true });
    const stopped = simulator.shutdown();
    const late = (await (await ask({ max_tokens: 5 })).json()) as {
      choices: { finish_reason: string; message: { content: string } }[];
    };
    expect(late.choices[0]).toMatchObject({ finish_reason: 'abort', message: { content: '' } });
    expect((await fetch(`${simulator.url}/health`)).status).toBe(200);
    const events = (await stream.text()).trimEnd().split('\n\n');
    expect(events.at(-2)).toContain('"finish_reason":"length"');
    expect(events).toHaveLength(62);
    await stopped;
    await expect(fetch(simulator.url)).rejects.toThrow();
  });

  test('when the timeout is over they are cut all the same', async () => {
    simulator = await startSimulator({ tokensPerSecond: 50, shutdownTimeout: 0.2 });
    const stream = await ask({ ...long, stream: true });
    await simulator.shutdown();
    expect(await stream.text()).toContain('"finish_reason":"abort"');
  });
});

describe('failing on purpose', () => {
  test('every third request fails, the ninth kills the engine', async () => {
    let died = false;
    simulator = await startSimulator({ fail: 'serve', tokensPerSecond: 5000 }, () => {
      died = true;
    });
    const statuses: number[] = [];
    for (let request = 0; request < 8; request++) {
      statuses.push((await ask({ max_tokens: 1 })).status);
    }
    expect(statuses).toEqual([200, 200, 500, 200, 200, 500, 200, 200]);
    const stream = await ask({ max_tokens: 1, stream: true });
    const events = (await stream.text()).trimEnd().split('\n\n');
    expect(events).toHaveLength(2);
    expect(events[0]).toContain('EngineCore encountered an issue');
    expect(events[1]).toBe('data: [DONE]');
    expect(died).toBe(true);
    expect((await fetch(`${simulator.url}/health`)).status).toBe(503);
    expect((await ask({ max_tokens: 1 })).status).toBe(500);
  });
});

describe("SGLang's dialect", () => {
  test('any model name is echoed, errors are flat, the key guards more', async () => {
    simulator = await startSimulator({ dialect: 'sglang', key: 'k', models: ['__job_1'] });
    const { url } = simulator;
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
    const post = (body: object) =>
      fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
    const messages = [{ role: 'user', content: 'x' }];
    const answer = await post({ model: 'acme/any', messages, max_tokens: 1 });
    expect(await answer.json()).toMatchObject({ model: 'acme/any' });
    const refused = await post({ messages: 'x' });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      expect.objectContaining({ object: 'error', code: 400, param: 'body.messages' }),
    ]);
    expect((await fetch(`${url}/model_info`)).status).toBe(401);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const page = await (await fetch(`${url}/metrics`)).text();
    expect(page).toContain('sglang:num_running_reqs{');
    expect(page).toContain('tp_rank="0"');
  });

  test('TERM waits for what runs and lets more in, while /health says no', async () => {
    simulator = await startSimulator({ dialect: 'sglang', tokensPerSecond: 200 });
    const { url } = simulator;
    const stream = await ask({ max_tokens: 60, ignore_eos: true, stream: true });
    const stopped = simulator.shutdown();
    expect((await fetch(`${url}/health`)).status).toBe(503);
    expect(await (await ask({ max_tokens: 2 })).text()).toContain('"finish_reason":"length"');
    expect(await stream.text()).toContain('"finish_reason":"length"');
    await stopped;
  });
});
