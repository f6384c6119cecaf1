import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ClusterBusyError, createSubmissionGate } from './submission-gate.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** Submissions that take as long as the test wants. */
function scene(atOnce: number) {
  const gate = createSubmissionGate(atOnce);
  const underWay: { readonly name: string; readonly end: (error?: Error) => void }[] = [];
  const never = new AbortController().signal;
  const submit = (name: string, cluster = 'here', signal = never) =>
    gate.pass(cluster, signal, () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      underWay.push({ name, end: (error) => (error ? reject(error) : resolve(name)) });
      return promise;
    });
  return { submit, underWay, names: () => underWay.map(({ name }) => name) };
}

describe('submissions to one cluster', () => {
  test('go a few at once, the others in the order of their coming', async () => {
    const { submit, underWay, names } = scene(2);
    const all = Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => submit(name)));
    await tick();
    expect(names()).toEqual(['a', 'b']);
    underWay[1]?.end();
    await tick();
    expect(names()).toEqual(['a', 'b', 'c']);
    underWay[0]?.end(new Error('refused'));
    await tick();
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
    for (const { end } of underWay) end();
    expect(await all).toMatchObject([
      { status: 'rejected' },
      { value: 'b' },
      { value: 'c' },
      { value: 'd' },
    ]);
  });

  describe('as time goes by', () => {
    beforeEach(() => {
      jest.useFakeTimers();
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    test('do not wait behind one that hangs, and nor do those to another cluster', async () => {
      const { submit, underWay, names } = scene(1);
      const hangs = submit('hangs');
      await jest.advanceTimersByTimeAsync(3_000);
      const waits = expect(submit('waits')).rejects.toBeInstanceOf(ClusterBusyError);
      await jest.advanceTimersByTimeAsync(2_000);
      await waits;
      await expect(submit('comes later')).rejects.toBeInstanceOf(ClusterBusyError);
      void submit('elsewhere', 'there');
      expect(names()).toEqual(['hangs', 'elsewhere']);
      underWay[0]?.end();
      await hangs;
      void submit('after it');
      expect(names()).toContain('after it');
    });

    test('all get through a cluster that is merely slow, in the order of their coming', async () => {
      const { submit, underWay, names } = scene(4);
      const wanted = Array.from({ length: 100 }, (_, index) => `model-${index}`);
      const all = Promise.all(wanted.map((name) => submit(name)));
      for (let done = 0; done < wanted.length; done += 4) {
        await jest.advanceTimersByTimeAsync(2_000);
        for (const { end } of underWay.slice(done, done + 4)) end();
        await jest.advanceTimersByTimeAsync(0);
      }
      expect(await all).toEqual(wanted);
      expect(names()).toEqual(wanted);
    });

    test('wait on while others are done, though one hangs', async () => {
      const { submit, underWay, names } = scene(2);
      void submit('hangs');
      for (let index = 1; index <= 5; index += 1) void submit(`slow-${index}`);
      for (let index = 1; index <= 5; index += 1) {
        await jest.advanceTimersByTimeAsync(4_000);
        underWay[index]?.end();
        await jest.advanceTimersByTimeAsync(0);
      }
      expect(names()).toEqual(['hangs', 'slow-1', 'slow-2', 'slow-3', 'slow-4', 'slow-5']);
    });

    test('one that hangs says nothing of those that have just begun beside it', async () => {
      const { submit, underWay, names } = scene(2);
      void submit('hangs');
      await jest.advanceTimersByTimeAsync(60_000);
      void submit('beside it');
      void submit('waits');
      await jest.advanceTimersByTimeAsync(2_000);
      underWay[1]?.end();
      await jest.advanceTimersByTimeAsync(0);
      expect(names()).toEqual(['hangs', 'beside it', 'waits']);
    });

    test('nobody who comes later gets in before one who waits', async () => {
      const { submit, underWay, names } = scene(1);
      void submit('first');
      void submit('waits');
      underWay[0]?.end();
      // The place is free, and the one who waits has not taken it yet.
      await Promise.resolve();
      void submit('comes later');
      await jest.advanceTimersByTimeAsync(0);
      expect(names()).toEqual(['first', 'waits']);
    });

    test('who is told to stop waits no more, and takes no place', async () => {
      const { submit, underWay, names } = scene(1);
      const stop = new AbortController();
      void submit('first');
      const stopped = submit('stopped', 'here', stop.signal);
      void submit('next');
      stop.abort();
      await expect(stopped).rejects.toBeInstanceOf(ClusterBusyError);
      underWay[0]?.end();
      await jest.advanceTimersByTimeAsync(0);
      expect(names()).toEqual(['first', 'next']);
      underWay[1]?.end();
      await jest.advanceTimersByTimeAsync(0);
      expect(jest.getTimerCount()).toBe(0);
    });
  });
});
