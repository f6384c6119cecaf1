import { expect, it } from '@jest/globals';
import { createMetrics } from '@wakefield/runtime';
import { createCrewFigures } from './crew-figures.ts';

/** What a worker counts, and tells. */
function createWorker(labels: readonly string[] = ['a']) {
  const metrics = createMetrics({ service: 'proxy' });
  const requests = metrics.counter({ name: 'requests_total', help: 'r', labelNames: ['route'] });
  const open = metrics.gauge({ name: 'open', help: 'o' });
  const seconds = metrics.histogram({ name: 'seconds', help: 's', buckets: [1, 2] });
  return {
    count: (times: number) => {
      for (const route of labels) requests.inc({ route }, times);
      open.set(times);
      for (let at = 0; at < times; at += 1) seconds.observe(1.5);
    },
    tell: async () => (await metrics.exposeJson()).body,
  };
}
type Worker = ReturnType<typeof createWorker>;

function scene(...workers: readonly Worker[]) {
  const alive = new Map(workers.map((worker, id) => [id, worker]));
  const slow = new Set<number>();
  const figures = createCrewFigures(
    () => new Set(alive.keys()),
    async () => {
      const told = new Map<number, string>();
      for (const [id, worker] of alive) if (!slow.has(id)) told.set(id, await worker.tell());
      return told;
    },
  );
  const read = async (name: string) => {
    const { body } = await figures.expose();
    const value = body.split('\n').find((line) => line.startsWith(name));
    return value === undefined ? null : Number(value.split(' ').at(-1));
  };
  const totals = async () => [
    await read('requests_total{route="a"'),
    await read('seconds_count'),
    await read('seconds_bucket{le="2"'),
    await read('seconds_sum'),
  ];
  return { alive, slow, read, totals };
}

it('are sums', async () => {
  const [one, other] = [createWorker(), createWorker()];
  const { totals, read } = scene(one, other);
  one.count(3);
  other.count(4);
  expect(await totals()).toEqual([7, 7, 7, 10.5]);
  expect(await read('open')).toBe(7);
});

it('keep what a worker has counted that is no more, and not what it had open', async () => {
  const [one, other, third] = [createWorker(), createWorker(['a', 'b']), createWorker()];
  const { alive, totals, read } = scene(one, other);
  one.count(3);
  other.count(4);
  await totals();
  alive.delete(1);
  expect(await totals()).toEqual([7, 7, 7, 10.5]);
  expect(await read('requests_total{route="b"')).toBe(4);
  expect(await read('open')).toBe(3);
  // Another in its place, which begins from 0 and ends as well.
  alive.set(2, third);
  third.count(5);
  expect(await totals()).toEqual([12, 12, 12, 18]);
  alive.delete(2);
  alive.delete(0);
  expect(await totals()).toEqual([12, 12, 12, 18]);
  expect(await read('open')).toBeNull();
});

it('keep what a worker told last that does not answer', async () => {
  const [one, other] = [createWorker(), createWorker()];
  const { alive, slow, totals, read } = scene(one, other);
  one.count(3);
  other.count(4);
  await totals();
  slow.add(1);
  one.count(1);
  other.count(1);
  expect(await totals()).toEqual([8, 8, 8, 12]);
  expect(await read('open')).toBe(5);
  slow.clear();
  expect(await totals()).toEqual([9, 9, 9, 13.5]);
  slow.add(1);
  alive.delete(1);
  expect(await totals()).toEqual([9, 9, 9, 13.5]);
});

it('are asked for once by all who ask at the same time', async () => {
  const worker = createWorker();
  let asked = 0;
  const figures = createCrewFigures(
    () => new Set([0]),
    async () => {
      asked += 1;
      return new Map([[0, await worker.tell()]]);
    },
  );
  const [one, other] = await Promise.all([figures.expose(), figures.expose()]);
  expect([asked, one]).toEqual([1, other]);
  await figures.expose();
  expect(asked).toBe(2);
});
