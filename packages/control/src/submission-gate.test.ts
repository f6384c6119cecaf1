import { describe, expect, jest, test } from '@jest/globals';
import { ClusterBusyError, createSubmissionGate } from './submission-gate.ts';

const { signal } = new AbortController();
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** Submissions that take as long as the test wants. */
function scene(atOnce: number) {
  const gate = createSubmissionGate(atOnce);
  const underWay: { readonly name: string; readonly end: (error?: Error) => void }[] = [];
  const submit = (name: string, cluster = 'here') =>
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

  test('do not wait behind one that hangs, and nor do those to another cluster', async () => {
    jest.useFakeTimers();
    try {
      const { submit, underWay, names } = scene(1);
      const hangs = submit('hangs');
      const waits = expect(submit('waits')).rejects.toBeInstanceOf(ClusterBusyError);
      await jest.advanceTimersByTimeAsync(1_000);
      await waits;
      await expect(submit('comes later')).rejects.toBeInstanceOf(ClusterBusyError);
      void submit('elsewhere', 'there');
      expect(names()).toEqual(['hangs', 'elsewhere']);
      underWay[0]?.end();
      await hangs;
      void submit('after it');
      expect(names()).toContain('after it');
    } finally {
      jest.useRealTimers();
    }
  });
});
