import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LeaseLostError } from '@wakefield/control';
import { AppError } from '@wakefield/domain';
import { openQueueFixture, type QueueFixture, startQueueWorker, until } from '@wakefield/testkit';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

/** Levels and messages about runs. */
const runLines = () =>
  fixture.log.lines
    .filter(({ message }) => message.startsWith('run '))
    .map(({ level, message }) => `${level}: ${message}`);

describe('what a failed run means', () => {
  test.each([
    ['a lost lease', new LeaseLostError('model:m1'), 'info: run stopped: lease lost', 0],
    ['a rejection', new AppError('model_not_found', 'no'), 'info: run ended in a rejection', 0],
    ['a store that is away', new AppError('store_unavailable', 'no'), 'warn: run failed', 1],
    ['a bug', new TypeError('bug'), 'error: run failed', 1],
  ])('%s', async (_name, thrown, line, failed) => {
    fixture.consume('reconcile', { model: () => Promise.reject(thrown) });
    await fixture.nudges.model('m1');
    await until(() => runLines().length > 0);
    await fixture.idle('reconcile');
    expect(runLines()).toEqual([line]);
    expect((await fixture.counts('reconcile')).failed).toBe(failed);
    expect(
      fixture.log.lines.find(({ message }) => message.startsWith('run '))?.fields,
    ).toMatchObject({
      queue: 'reconcile',
      modelId: 'm1',
    });
  });

  test('a payload or a kind of job that is not understood fails, and the worker goes on', async () => {
    const seen: string[] = [];
    fixture.consume('reconcile', { model: async (id) => seen.push(id) });
    const queue = fixture.redis.queue('reconcile');
    await queue.add('model', { v: 9, id: 'm1' });
    await queue.add('unheard-of', { v: 1, id: 'm1' });
    await fixture.nudges.model('m2');
    await until(() => seen.length === 1);
    await fixture.idle('reconcile');
    expect(seen).toEqual(['m2']);
    expect(fixture.log.has('payload not understood')).toBe(true);
    expect(fixture.log.has('unknown kind of job')).toBe(true);
  });
});

test('a worker that stands still keeps work from the others for a moment only', async () => {
  // Something that is due later: BullMQ would wait for it, up to 10 s.
  await fixture.nudges.modelLater('later', 60_000);
  const { connection: still, disconnect } = fixture.redis.connect('consume');
  try {
    // It waits as a worker does, is the first in line, takes what would wake the next one, and does nothing.
    let taken = 0;
    const standStill = async () => {
      const marker = `${fixture.redis.prefix}:reconcile:marker`;
      // '1' tells of the delayed job.
      while ((await still.bzpopmin(marker, 0))?.[1] !== '0');
      taken = performance.now();
    };
    const stands = standStill();
    const seen: string[] = [];
    await fixture.consume('reconcile', { model: async (id) => seen.push(id) }).ready();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toBe(0);
    await fixture.nudges.model('m1');
    await until(() => seen.length === 1);
    await stands;
    expect(performance.now() - taken).toBeLessThan(3_000);
  } finally {
    disconnect();
  }
}, 20_000);

describe('shutdown', () => {
  test('waits for runs that end in time', async () => {
    let done = false;
    const started = Promise.withResolvers<void>();
    const consumer = fixture.consume('reconcile', {
      model: async () => {
        started.resolve();
        await new Promise((resolve) => setTimeout(resolve, 100));
        done = true;
      },
    });
    await fixture.nudges.model('m1');
    await started.promise;
    await consumer.close();
    expect(done).toBe(true);
    expect(runLines()).toEqual(['debug: run finished']);
  });

  test('tells longer ones to stop and gives their jobs back, at once, with their later nudges', async () => {
    const started = Promise.withResolvers<void>();
    const consumer = fixture.consume(
      'reconcile',
      {
        model: (_id, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
            started.resolve();
          }),
      },
      { graceMs: 20 },
    );
    await fixture.nudges.model('m1');
    await started.promise;
    await fixture.nudges.model('m1');
    await consumer.close();
    expect(runLines()).toEqual(['info: run cut short; back to the queue']);
    expect(await fixture.counts('reconcile')).toMatchObject({ waiting: 1, active: 0, failed: 0 });
    const { runs, release } = fixture.consumeHeld('reconcile', ['model']);
    release();
    await until(() => runs.length === 2);
    await fixture.idle('reconcile');
  });

  test('is bounded, also when a run does not listen', async () => {
    const started = Promise.withResolvers<void>();
    const consumer = fixture.consume(
      'reconcile',
      {
        model: () => {
          started.resolve();
          return new Promise(() => undefined);
        },
      },
      { graceMs: 20, stopWithinMs: 30 },
    );
    await fixture.nudges.model('m1');
    await started.promise;
    const startedAt = performance.now();
    await consumer.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await fixture.counts('reconcile')).toMatchObject({ waiting: 1, active: 0 });
  });
});

describe('a worker that dies', () => {
  test('has its run taken over within seconds, and the nudges meanwhile are not lost', async () => {
    const { url, installation } = fixture;
    const worker = startQueueWorker(url, installation);
    expect(await worker.line()).toBe('ready');
    await fixture.nudges.model('m1');
    expect(await worker.line()).toBe('m1');
    worker.kill('SIGKILL');
    await worker.exited;
    const diedAt = performance.now();
    await fixture.nudges.model('m1');
    const { runs, release } = fixture.consumeHeld('reconcile', ['model']);
    release();
    await until(() => runs.length === 2, 40_000);
    // Its lock and one check come to 6.5 s; ten is what is promised of any death.
    expect(performance.now() - diedAt).toBeLessThan(10_000);
    await fixture.idle('reconcile');
    expect(fixture.log.has('run of a dead worker taken over')).toBe(true);
  }, 60_000);
});

describe('a run that kills its workers', () => {
  test('is given up the second time, told to the log, and its model is not blocked', async () => {
    const { nudges, log, url, installation } = fixture;
    await nudges.model('m1');
    for (const _death of [1, 2]) {
      const worker = startQueueWorker(url, installation);
      expect(await worker.line()).toBe('ready');
      // The second one has it from the first.
      expect(await worker.line()).toBe('m1');
      worker.kill('SIGKILL');
      await worker.exited;
    }
    const { runs, release } = fixture.consumeHeld('reconcile', ['model']);
    release();
    await until(() => log.has('run given up: it died with its workers'), 20_000);
    expect(runs).toEqual([]);
    await nudges.model('m1');
    await until(() => runs.length === 1);
  }, 60_000);
});
