import { afterEach, describe, expect, test } from '@jest/globals';
import { createHealth } from './health.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { type OpsServer, startOpsServer } from './ops-server.ts';

let server: OpsServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function start() {
  const lifecycle = { draining: false };
  const readiness = createHealth();
  const metrics = createMetrics({ service: 'test' });
  server = await startOpsServer({
    host: '127.0.0.1',
    port: 0,
    metrics,
    readiness,
    lifecycle,
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
  const { url } = server;
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`${url}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
  return { get, lifecycle, readiness, metrics };
}

describe('ops server', () => {
  test('/livez says 200, also while draining', async () => {
    const { get, lifecycle } = await start();
    lifecycle.draining = true;
    expect(await get('/livez')).toMatchObject({ status: 200 });
    expect((await get('/livez', 'HEAD')).text).toBe('');
  });

  test('/readyz tells each dependency and answers 503 when one that is required fails', async () => {
    const { get, readiness } = await start();
    readiness.add('postgres', async () => undefined);
    readiness.add('redis', () => Promise.reject(new Error('refused')), { required: false });
    const ready = await get('/readyz');
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.text)).toMatchObject({
      status: 'ready',
      checks: {
        postgres: { status: 'ok', required: true },
        redis: { status: 'failed', required: false, error: 'refused' },
      },
    });
    readiness.add('worker', () => new Promise(() => undefined), { timeoutMs: 20 });
    const unready = await get('/readyz');
    expect(unready.status).toBe(503);
    expect(JSON.parse(unready.text).checks.worker.error).toBe('worker took longer than 20 ms');
  });

  test('/readyz answers 503 while draining', async () => {
    const { get, lifecycle } = await start();
    expect((await get('/readyz')).status).toBe(200);
    lifecycle.draining = true;
    const answer = await get('/readyz');
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text).status).toBe('draining');
  });

  test('/metrics shows own and default metrics with the service label', async () => {
    const { get, metrics } = await start();
    metrics
      .counter({ name: 'wakefield_tries_total', help: 'tries', labelNames: ['code'] })
      .inc({ code: '200' }, 3);
    metrics.gauge({
      name: 'wakefield_lazy',
      help: 'fetched when scraped',
      collect() {
        this.set(7);
      },
    });
    const { status, text } = await get('/metrics?x=1');
    expect(status).toBe(200);
    expect(text).toContain('wakefield_tries_total{code="200",service="test"} 3');
    expect(text).toContain('wakefield_lazy{service="test"} 7');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });

  test('other paths and methods are refused', async () => {
    const { get } = await start();
    expect((await get('/')).status).toBe(404);
    expect((await get('/livez', 'POST')).status).toBe(405);
  });
});

describe('health', () => {
  test('looks once for many askers, and again when the result is old', async () => {
    let now = 1000;
    let looks = 0;
    const health = createHealth(() => now);
    health.add('postgres', async () => ++looks, { cacheMs: 500 });
    await Promise.all([health.report(), health.report(), health.report()]);
    expect(looks).toBe(1);
    now += 500;
    expect((await health.report()).ok).toBe(true);
    expect(looks).toBe(2);
  });

  test('a check that throws at once is a failed check', async () => {
    const health = createHealth();
    health.add('odd', () => {
      throw new AggregateError([new Error('first')]);
    });
    expect(await health.report()).toMatchObject({ ok: false, checks: { odd: { error: 'first' } } });
  });

  test('a check that takes too long is told to stop', async () => {
    const health = createHealth();
    let told = false;
    health.add(
      'slow',
      (signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            told = true;
          });
        }),
      { timeoutMs: 10 },
    );
    await health.report();
    expect(told).toBe(true);
  });
});
