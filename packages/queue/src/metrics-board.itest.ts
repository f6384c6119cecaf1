import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EngineMetrics } from '@wakefield/domain';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createMetricsBoard } from './metrics-board.ts';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

describe('metrics board', () => {
  const figures = { gpuUtilization: 93.5, waitingRequests: 0, runningRequests: null };

  test('gives back what was published, until it expires', async () => {
    const board = createMetricsBoard(fixture.redis, { expiryMs: 150 });
    await board.publish(new Map([['j1', figures]]), 60_000);
    const full = { since: 1000, looks: 2, most: 8 };
    // A spell is known until the next look at a cluster that is looked at rarely.
    await board.publish(new Map([['j2', { ...figures, full }]]), 60_000);
    expect(await board.read(['j0', 'j1', 'j2'])).toEqual(
      new Map<string, EngineMetrics>([
        ['j1', figures],
        ['j2', { ...figures, full }],
      ]),
    );
    await until(async () => (await board.read(['j1', 'j2'])).size === 1);
    await board.publish(new Map(), 60_000);
    expect(await board.read([])).toEqual(new Map());
  });

  test('believes the cluster in what it says of GPUs', async () => {
    const board = createMetricsBoard(fixture.redis);
    await board.publish(new Map([['j8', figures]]), 60_000);
    await board.publishGpus(
      new Map([
        ['j8', 71],
        ['j9', 0],
      ]),
    );
    expect(Object.fromEntries(await board.read(['j8', 'j9', 'j10']))).toEqual({
      j8: { ...figures, gpuUtilization: 71 },
      j9: { gpuUtilization: 0, waitingRequests: null, runningRequests: null },
    });
  });

  test('knows for a while which engines have answered', async () => {
    const board = createMetricsBoard(fixture.redis);
    await board.answered(['j5'], 150);
    await createMetricsBoard(fixture.redis).answered(['j6', 'j7'], 60_000);
    expect(await board.answering(['j7', 'j4', 'j5'])).toEqual(['j7', 'j5']);
    await until(async () => (await board.answering(['j5', 'j6'])).length === 1);
    await board.answered([], 150);
    expect(await board.answering([])).toEqual([]);
  });
});
