import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDemandBoard, queueFigures } from '@wakefield/queue';
import { type CuttableLine, cuttableLine, demandOf, sampleSpec } from '@wakefield/testkit';
import { startEngine } from '../test/engine.ts';
import { until } from '../test/harness.ts';
import { ended, type ProxyProcess, processKey, startProxyProcess } from '../test/process.ts';
import { type Served, serveModel } from '../test/served.ts';

let served: Served;
let postgresLine: CuttableLine;
let redisLine: CuttableLine;
let proxy: ProxyProcess;

const chat = (model: string, body: object = {}, headers: Record<string, string> = {}) =>
  fetch(`${proxy.url}/p/${served.model.project}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${processKey}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 5,
      ...body,
    }),
  });
const wakes = () =>
  served.store.sql(
    `select body->>'hfModelId' as model, by, trace_id from commands where body->>'kind' = 'wake' order by accepted_at`,
  );

beforeAll(async () => {
  served = await serveModel({ tokensPerSecond: 50 });
  const { store, redis } = served;
  const { project } = served.model;
  await store.model({ project, idle: true, spec: sampleSpec({ hfModelId: 'acme/asleep' }) });
  [postgresLine, redisLine] = await Promise.all([
    cuttableLine(store.url, 5432),
    cuttableLine(redis.url, 6379),
  ]);
  proxy = await startProxyProcess({
    databaseUrl: postgresLine.url,
    redisUrl: redisLine.url,
    installation: redis.installation,
  });
}, 30_000);

afterAll(async () => {
  proxy.child.kill('SIGKILL');
  await ended(proxy.child);
  await Promise.all([postgresLine.cut(), redisLine.cut()]);
  await served.close();
});

describe('a proxy process on real stores', () => {
  it('serves ready models and tells its demand', async () => {
    const answer = await chat('acme/small');
    expect(answer.status).toBe(200);
    const board = createDemandBoard(served.access);
    // The demand is unknown for seconds after the first proxy has begun to speak.
    await until(
      'told',
      async () => (await demandOf(board, served.model.id))?.lastRequestAt != null,
      15_000,
    );
    expect((await fetch(`${proxy.opsUrl}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${proxy.opsUrl}/metrics`)).text()).toContain(
      'wakefield_tokens_total',
    );
  }, 20_000);

  it('wakes a sleeping model by a command in one trace', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await chat(
      'acme/asleep',
      {},
      {
        prefer: 'wait=0',
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
    );
    expect(answer.status).toBe(503);
    await until('accepted', async () => (await wakes()).length === 1);
    expect(await wakes()).toEqual([{ model: 'acme/asleep', by: 'local', trace_id: traceId }]);
    await until('enqueued', async () => {
      const commands = (await queueFigures(served.access)).find(
        ({ queue }) => queue === 'commands',
      );
      return commands?.jobs.waiting === 1;
    });
  });

  it('keeps serving while Postgres, Redis, api and scheduler are stopped', async () => {
    const stream = await chat('acme/small', { stream: true, max_tokens: 50 });
    await Promise.all([postgresLine.cut(), redisLine.cut()]);
    expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/);
    for (let round = 0; round < 20; round += 1) {
      expect((await chat('acme/small')).status).toBe(200);
    }
    const streamed = await chat('acme/small', { stream: true });
    expect(await streamed.text()).toMatch(/data: \[DONE\]\n\n$/);
    expect((await fetch(`${proxy.url}/health`)).status).toBe(200);
    expect((await fetch(`${proxy.opsUrl}/readyz`)).status).toBe(200);
    expect((await fetch(`${proxy.url}/p`)).status).toBe(502);
  }, 20_000);

  it('still wishes a model awake when they are back, and hears of its route', async () => {
    const before = (await wakes()).length;
    const answer = chat('acme/asleep');
    let answered = false;
    void answer.finally(() => {
      answered = true;
    });
    await until('a wake was in vain', () => proxy.log().includes('wake not accepted'), 15_000);
    expect(await proxy.figure('wakefield_held_requests')).toBe(1);
    expect(answered).toBe(false);
    await Promise.all([postgresLine.mend(), redisLine.mend()]);
    await until('accepted', async () => (await wakes()).length > before, 15_000);
    const { store, engine, model } = served;
    const asleep = await store.stores.models.find(model.project, 'acme/asleep');
    if (asleep === null) throw new Error('the model is gone');
    await store.job(asleep, 1, {
      phase: 'ready',
      address: { host: '127.0.0.1', port: engine.port },
    });
    // The engine serves another name, which it says itself: the request has arrived there.
    expect((await answer).status).toBe(404);
  }, 30_000);

  it('asks nobody on a connection that was closed while it stood still', async () => {
    const { store, model } = served;
    const other = await startEngine();
    const spec = sampleSpec({ hfModelId: 'acme/other' });
    await store.job(await store.model({ project: model.project, spec }), 1, {
      phase: 'ready',
      address: { host: '127.0.0.1', port: other.port },
    });
    const lost = async () => {
      const text = await (await fetch(`${proxy.opsUrl}/metrics`)).text();
      return (
        /^wakefield_upstream_retries_total\{.*reason="lost".*\} (\S+)$/m.exec(text)?.[1] ?? '0'
      );
    };
    const before = await lost();
    expect((await chat('acme/other')).status).toBe(200);
    proxy.child.kill('SIGSTOP');
    // As uvicorn does, after 5 s.
    await until('closed by the engine', () => other.open() === 0, 10_000);
    const answers = [chat('acme/other'), chat('acme/other')];
    proxy.child.kill('SIGCONT');
    for (const answer of answers) expect((await answer).status).toBe(200);
    expect(other.seen).toHaveLength(3);
    expect(await lost()).toBe(before);
    await other.close();
  }, 20_000);

  it('finishes what runs when it is told to go', async () => {
    const stream = await chat('acme/small', { stream: true, max_tokens: 40 });
    proxy.child.kill('SIGTERM');
    const isReady = async () => (await fetch(`${proxy.opsUrl}/readyz`)).status === 200;
    await until('out of readiness while the stream runs', async () => !(await isReady()));
    expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/);
    expect(await ended(proxy.child)).toBe(0);
  });
});
