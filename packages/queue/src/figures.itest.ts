import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import express from 'express';
import { createBoard } from './board.ts';
import { queueNames } from './catalog.ts';
import { queueFigures } from './queue-figures.ts';
import { type MetricsRegistry, registerQueueMetrics } from './queue-metrics.ts';
import { startSweepTicker } from './sweep-ticker.ts';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

const figuresOf = async (name: string) =>
  (await queueFigures(fixture.redis)).find(({ queue }) => queue === name);

describe('queue figures', () => {
  test('count jobs by state, their age, and totals that outlive workers', async () => {
    const { nudges } = fixture;
    const known = (await queueFigures(fixture.redis)).map(({ queue }) => queue);
    expect(known).toEqual(queueNames);
    expect(await figuresOf('reconcile')).toEqual({
      queue: 'reconcile',
      jobs: { waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0 },
      oldestWaitingSeconds: 0,
      processedTotal: 0,
      failedTotal: 0,
    });
    await nudges.model('m1');
    await nudges.model('bad');
    await nudges.cluster('a', 60_000);
    await until(async () => ((await figuresOf('reconcile'))?.oldestWaitingSeconds ?? 0) > 0.05);
    expect(await figuresOf('reconcile')).toMatchObject({ jobs: { waiting: 2 } });
    expect(await figuresOf('observe')).toMatchObject({
      jobs: { delayed: 1 },
      oldestWaitingSeconds: 0,
    });
    const consumer = fixture.consume('reconcile', {
      model: async (id) => {
        if (id === 'bad') throw new Error('bad');
      },
    });
    await until(async () => (await figuresOf('reconcile'))?.processedTotal === 2);
    await consumer.close();
    expect(await figuresOf('reconcile')).toMatchObject({
      jobs: { waiting: 0, completed: 1, failed: 1 },
      processedTotal: 2,
      failedTotal: 1,
    });
  });

  test('keep a bounded number of finished jobs for people, and none of commands', async () => {
    fixture.consume('commands', { command: async () => undefined });
    fixture.consume('reconcile', { model: async () => undefined });
    for (let i = 0; i < 30; i += 1) {
      await fixture.nudges.command(`c${i}`);
      await fixture.nudges.model(`m${i}`);
    }
    await until(async () => (await figuresOf('reconcile'))?.processedTotal === 30);
    await until(async () => (await figuresOf('commands'))?.processedTotal === 30);
    expect(await figuresOf('reconcile')).toMatchObject({ jobs: { completed: 20 } });
    expect(await figuresOf('commands')).toMatchObject({ jobs: { completed: 0 } });
  });

  test('go to Prometheus under their names', async () => {
    const samples = new Map<string, number>();
    const collectors: (() => Promise<void>)[] = [];
    const metric = (name: string) => {
      const put = (labels: Record<string, string>, value: number) =>
        samples.set(`${name}{${Object.values(labels).join()}}`, value);
      return { reset: () => undefined, set: put, inc: put };
    };
    const registry: MetricsRegistry = {
      gauge: ({ name, collect }) => collectors.push(() => collect.call(metric(name))),
      counter: ({ name, collect }) => collectors.push(() => collect.call(metric(name))),
    };
    registerQueueMetrics(registry, fixture.redis);
    await fixture.nudges.model('m1');
    for (const collect of collectors) await collect();
    expect(samples.get('wakefield_queue_jobs{reconcile,waiting}')).toBe(1);
    expect(samples.get('wakefield_queue_jobs{sweep,failed}')).toBe(0);
    expect(samples.get('wakefield_queue_oldest_waiting_seconds{observe}')).toBe(0);
    expect(samples.get('wakefield_queue_processed_total{commands}')).toBe(0);
    expect(samples.get('wakefield_queue_failed_total{reconcile}')).toBe(0);
  });
});

describe('sweep ticker', () => {
  test('many schedulers tick, one sweep runs per period', async () => {
    const everyMs = 400;
    let sweeps = 0;
    fixture.consume('sweep', {
      sweep: async () => {
        sweeps += 1;
      },
    });
    const startedAt = performance.now();
    const tickers = Array.from({ length: 3 }, () => startSweepTicker(fixture.redis, { everyMs }));
    try {
      await until(() => sweeps >= 4);
      const periods = (performance.now() - startedAt) / everyMs;
      expect(sweeps).toBeLessThanOrEqual(Math.ceil(periods / 0.9) + 1);
    } finally {
      for (const ticker of tickers) ticker.close();
    }
  });

  test('goes on when the one that ticked dies', async () => {
    let sweeps = 0;
    fixture.consume('sweep', {
      sweep: async () => {
        sweeps += 1;
      },
    });
    const first = startSweepTicker(fixture.redis, { everyMs: 200 });
    const second = startSweepTicker(fixture.redis, { everyMs: 200 });
    await until(() => sweeps >= 2);
    first.close();
    const before = sweeps;
    await until(() => sweeps >= before + 2);
    second.close();
  });
});

describe('dashboard', () => {
  async function open(writable: boolean) {
    const app = express();
    app.use('/ops/queues', createBoard(fixture.redis, { basePath: '/ops/queues', writable }));
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ops/queues`;
    return { url, close: () => server.close() };
  }

  test('shows every queue, and its files load from below its path', async () => {
    await fixture.nudges.model('m1');
    const { url, close } = await open(false);
    try {
      const page = await (await fetch(url)).text();
      expect(page).toContain('Wakefield queues');
      const script = /src="([^"]+\.js)"/.exec(page)?.[1];
      const loaded = await fetch(new URL(script ?? 'missing', `${url}/`));
      expect(loaded.status).toBe(200);
      const { queues } = (await (await fetch(`${url}/api/queues`)).json()) as {
        queues: { name: string; readOnlyMode: boolean; counts: { waiting: number } }[];
      };
      expect(queues.map(({ name }) => name)).toEqual(queueNames);
      expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
      expect(queues.find(({ name }) => name === 'reconcile')?.counts.waiting).toBe(1);
    } finally {
      close();
    }
  });

  test('changes nothing unless asked to', async () => {
    await fixture.nudges.model('m1');
    const [job] = await fixture.redis.queue('reconcile').getWaiting();
    const path = `/api/queues/reconcile/${job?.id}/clean`;
    const readOnly = await open(false);
    const writable = await open(true);
    try {
      expect((await fetch(readOnly.url + path, { method: 'PUT' })).status).toBe(405);
      expect(await fixture.counts('reconcile')).toMatchObject({ waiting: 1 });
      expect((await fetch(writable.url + path, { method: 'PUT' })).status).toBeLessThan(300);
      expect(await fixture.counts('reconcile')).toMatchObject({ waiting: 0 });
    } finally {
      readOnly.close();
      writable.close();
    }
  });
});
