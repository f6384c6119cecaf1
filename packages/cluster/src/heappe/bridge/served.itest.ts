import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { EngineProbe } from '@wakefield/control';
import {
  heappeEngineKey as engineKey,
  heappeServedNames as servedNames,
  startTestHeappeEngines,
  type TestHeappeEngines,
} from '@wakefield/testkit';
import OpenAI from 'openai';
import { Agent, request as ask, fetch as undiciFetch } from 'undici';
import { createEngineProber } from '../../probe/engine-prober.ts';
import { featuresOf } from '../features.ts';

jest.setTimeout(60_000);

const [model = '', identity = ''] = servedNames;
const messages = [{ role: 'user' as const, content: 'Grüß dich' }];
let engine: TestHeappeEngines;
let agent: Agent;

beforeAll(async () => {
  engine = await startTestHeappeEngines(1, ['--tokens-per-second', '200']);
});
afterAll(async () => {
  await agent.destroy();
  await engine.stop();
});

/** Every connection of it is one of the transport's. */
function openAgent(transport = engine.transport): Agent {
  return new Agent({
    connect: ({ hostname, port }, callback) => {
      const to = { host: hostname, port: Number(port) };
      transport.connect(to, AbortSignal.timeout(5000)).then(
        (socket) => callback(null, socket as Socket),
        (error: Error) => callback(error, null),
      );
    },
  });
}

const address = () => engine.engines[0]?.address ?? { host: '', port: 0 };
const origin = () => `http://${address().host}:${address().port}`;

function client(dispatcher = agent): OpenAI {
  return new OpenAI({
    baseURL: `${origin()}/v1`,
    apiKey: engineKey,
    maxRetries: 0,
    fetch: ((url: string, init: object) =>
      undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch,
  });
}

describe.each(['5.0.0', '6.0.0', '6.1.0', '6.2.0', '6.2.2', '6.3.2'])('HEAppE %s', (version) => {
  beforeAll(() => engine.become(version));
  beforeEach(async () => {
    await agent?.destroy();
    agent = openAgent();
  });

  test("OpenAI's client chats, plainly and by stream, with several choices", async () => {
    const plain = await client().chat.completions.create({ model, messages, max_tokens: 6, n: 2 });
    expect(plain.choices.map(({ index }) => index)).toEqual([0, 1]);
    for (const { message } of plain.choices) expect(message.content?.length).toBeGreaterThan(3);
    expect(plain.usage?.completion_tokens).toBeGreaterThan(1);
    const stream = await client().chat.completions.create({
      model,
      messages,
      max_tokens: 6,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens = 0;
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? '';
      tokens = usage?.completion_tokens ?? tokens;
    }
    expect(text.length).toBeGreaterThan(3);
    expect(tokens).toBeGreaterThan(1);
  });

  test('and completes, embeds and lists', async () => {
    const completed = await client().completions.create({ model, prompt: 'Once', max_tokens: 4 });
    expect(completed.choices[0]?.text.length).toBeGreaterThan(3);
    const embedded = await client().embeddings.create({ model, input: ['a', 'b'] });
    expect(embedded.data).toHaveLength(2);
    const listed = await client().models.list();
    expect(listed.data.map(({ id }) => id)).toEqual(servedNames);
  });

  test('and is told what it did wrong', async () => {
    const asked = client().chat.completions.create({ model, messages, max_tokens: 100_000 });
    await expect(asked).rejects.toMatchObject({ status: 400 });
    const { tellsNodeErrors } = featuresOf(version);
    if (tellsNodeErrors) await expect(asked).rejects.toThrow(/maximum context length/);
  });

  test('with a key that the engine does not know it is told so', async () => {
    const stranger = client().withOptions({ apiKey: 'x' });
    const asked = stranger.chat.completions.create({ model, messages, max_tokens: 2 });
    await expect(asked).rejects.toMatchObject({ status: 401 });
  });

  test('a prompt that is too long as escaped JSON is refused with the limit', async () => {
    const { postBytes } = featuresOf(version);
    for (const content of ['x'.repeat(postBytes), '\\'.repeat(postBytes / 3)]) {
      const asked = client().chat.completions.create({
        model,
        messages: [{ role: 'user', content }],
      });
      await expect(asked).rejects.toMatchObject({ status: 413, code: 'payload_too_large' });
      await expect(asked).rejects.toThrow(String(postBytes));
    }
  });

  test('the prober knows its engine, and no other', async () => {
    const prober = createEngineProber({
      transports: new Map([['here', engine.transport]]),
      probes: { simulator: probe },
    });
    const target = {
      cluster: 'here',
      address: address(),
      engine: 'simulator',
      hfModelId: model,
      basePath: '',
    };
    const signal = AbortSignal.timeout(10_000);
    expect(await prober.probe({ ...target, engineKey, identity }, signal)).toEqual({
      status: 'ready',
      capacity: null,
    });
    expect(
      await prober.probe({ ...target, engineKey, identity: 'job-other' }, signal),
    ).toMatchObject({
      status: 'foreign',
    });
    expect(await prober.probe({ ...target, engineKey: 'x', identity }, signal)).toMatchObject({
      status: 'foreign',
    });
    expect(await prober.metrics({ ...target, engineKey, identity }, signal)).toMatchObject({
      runningRequests: 0,
    });
  });

  test('a restart of HEAppE, and a session that is over, cost nobody a request', async () => {
    const chat = () => client().chat.completions.create({ model, messages, max_tokens: 2 });
    await chat();
    await engine.heappe.server.control.restart({ downMs: 50 });
    expect(await Promise.all([chat(), chat(), chat()])).toHaveLength(3);
    engine.heappe.server.control.expireSessions();
    expect(await Promise.all([chat(), chat(), client().models.list()])).toHaveLength(3);
  });

  test('nor does a tunnel that leads nowhere, to none of the processes that use it', async () => {
    // 6.0 notices by itself. 5.0 gives no way to tell it from an engine that is not there.
    if (featuresOf(version).stream === 'none') return;
    const other = engine.openTransport();
    const otherAgent = openAgent(other);
    const ask = (over: Agent) =>
      client(over).chat.completions.create({ model, messages, max_tokens: 2 });
    await Promise.all([ask(agent), ask(otherAgent)]);
    engine.heappe.server.control.makeTunnelsStale();
    const all = [agent, otherAgent, agent, otherAgent, agent, otherAgent].map(ask);
    expect(await Promise.all(all)).toHaveLength(6);
    await otherAgent.destroy();
    await other.close();
  });
});

describe('while an answer is under way', () => {
  beforeAll(() => engine.become('6.3.2'));
  beforeEach(async () => {
    await agent?.destroy();
    agent = openAgent();
  });

  const begin = async () => {
    const answer = await ask(`${origin()}/v1/chat/completions`, {
      dispatcher: agent,
      method: 'POST',
      headers: { authorization: `Bearer ${engineKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, max_tokens: 2000, ignore_eos: true, stream: true }),
    });
    expect(answer.statusCode).toBe(200);
    return answer.body;
  };
  const running = async () => {
    const { body } = await ask(`${origin()}/metrics`, { dispatcher: agent });
    const found = /^vllm:num_requests_running\{.*\} (\S+)$/m.exec(await body.text());
    return Number(found?.[1]);
  };
  const becomes = async (wanted: number) => {
    const deadline = Date.now() + 5000;
    while ((await running()) !== wanted) expect(Date.now()).toBeLessThan(deadline);
  };

  test('who leaves ends it at the engine', async () => {
    const body = await begin();
    await becomes(1);
    body.destroy();
    await becomes(0);
  });

  test('a HEAppE that goes away is a way that is lost', async () => {
    const reading = (await begin()).text();
    const failed = expect(reading).rejects.toMatchObject({ code: 'WAY_LOST' });
    await engine.heappe.server.control.restart();
    await failed;
    await becomes(0);
  });

  test('a stream that breaks off ends with an error event', async () => {
    engine.heappe.server.control.setSwitches({ cutStreamsAfterBytes: 1000 });
    const events = (await (await begin()).text()).trim().split('\n\n');
    engine.heappe.server.control.clearFaults();
    expect(events.length).toBeGreaterThan(2);
    expect(JSON.parse(events.at(-1)?.slice('data: '.length) ?? '')).toMatchObject({
      error: { code: 'upstream_error' },
    });
    for (const event of events.slice(0, -1)) JSON.parse(event.slice('data: '.length));
  });

  test('an engine that dies ends it with an error event, and is a broken connection then', async () => {
    const reading = (await begin()).text();
    await becomes(1);
    await engine.engines[0]?.kill();
    expect(await reading).toMatch(/data: \{"error":.*\}\n\n$/);
    await expect(begin()).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|WAY_LOST/),
    });
  });
});

const probe: EngineProbe = {
  healthPath: '/health',
  modelsPath: '/v1/models',
  privatePath: null,
  key: { kind: 'authorization', scheme: 'Bearer' },
  warmUps: ['chat'],
  metricsPath: '/metrics',
  running: [{ name: 'vllm:num_requests_running', labels: {} }],
  waiting: [{ name: 'vllm:num_requests_waiting', labels: {} }],
  ownLimit: null,
};
