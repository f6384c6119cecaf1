import { describe, expect, test } from '@jest/globals';
import { boundedRun } from './bounded-run.ts';

const never = new Promise<void>(() => undefined);
const calm = (): AbortSignal => new AbortController().signal;
const bounds = { timeLimitMs: 5000, stopWithinMs: 5000 };

/** Ends as a well-behaved handler does when it is told. */
function untilTold(signal: AbortSignal, end: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      try {
        end();
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
}

describe('boundedRun', () => {
  test('work that ends in time is left alone', async () => {
    await boundedRun({ ...bounds, shutdown: calm() }, async (signal) => {
      expect(signal.aborted).toBe(false);
    });
    const own = new Error('own');
    const failing = boundedRun({ ...bounds, shutdown: calm() }, () => Promise.reject(own));
    await expect(failing).rejects.toBe(own);
  });

  test('at the time limit it is told to stop, and what it fails with is kept as the cause', async () => {
    const cause = new Error('stopped');
    const run = boundedRun({ ...bounds, timeLimitMs: 10, shutdown: calm() }, (signal) =>
      untilTold(signal, () => {
        throw cause;
      }),
    );
    await expect(run).rejects.toMatchObject({ stoppedBy: 'time limit', cause });
  });

  test('work that ends well after it was told is work done', async () => {
    await boundedRun({ ...bounds, timeLimitMs: 10, shutdown: calm() }, (signal) =>
      untilTold(signal, () => undefined),
    );
  });

  test('work that does not listen is given up', async () => {
    const run = boundedRun({ timeLimitMs: 10, stopWithinMs: 10, shutdown: calm() }, () => never);
    await expect(run).rejects.toMatchObject({ stoppedBy: 'time limit' });
  });

  test('shutdown tells it at once, also when it came before the work', async () => {
    const shutdown = new AbortController();
    const run = boundedRun({ ...bounds, stopWithinMs: 10, shutdown: shutdown.signal }, () => never);
    shutdown.abort();
    await expect(run).rejects.toMatchObject({ stoppedBy: 'shutdown' });
    const late = boundedRun({ ...bounds, shutdown: shutdown.signal }, (signal) =>
      signal.aborted ? Promise.reject(signal.reason) : never,
    );
    await expect(late).rejects.toMatchObject({ stoppedBy: 'shutdown' });
  });
});
