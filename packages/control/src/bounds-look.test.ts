import { expect, test } from '@jest/globals';
import type { ClusterBounds } from '@wakefield/domain';
import { createBoundsLook } from './bounds-look.ts';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';

const hour = 3_600_000;
const lease = { key: 'cluster:a', token: '1' } as never;
const { signal } = new AbortController();

function scene() {
  const saved: [string, ClusterBounds][] = [];
  const warned: string[] = [];
  const asked: string[] = [];
  let now = 1_000_000;
  let broken: 'cluster' | 'store' | null = null;
  const bounds = createBoundsLook({
    clusters: {
      saveBounds: async (name, said) => {
        if (broken === 'store') throw new Error('store away');
        saved.push([name, said]);
      },
    },
    clock: { now: () => now },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_fields: unknown, message: string) => warned.push(message),
      error: () => undefined,
    } as never,
  });
  const driver = (name: string) =>
    ({
      name,
      bounds: async () => {
        asked.push(name);
        if (broken === 'cluster') throw new ClusterError('unreachable', 'sinfo');
        return { cpus: 8 };
      },
    }) as unknown as ClusterDriver;
  return {
    saved,
    warned,
    asked,
    look: (name: string) => bounds.look(driver(name), lease, signal),
    pass: (ms: number) => {
      now += ms;
    },
    breakIt: (what: typeof broken) => {
      broken = what;
    },
  };
}

test('a cluster is asked once an hour, each for itself', async () => {
  const { look, pass, saved, asked } = scene();
  await look('a');
  await look('a');
  pass(hour - 1);
  await look('a');
  await look('b');
  expect(asked).toEqual(['a', 'b']);
  pass(1);
  await look('a');
  await look('b');
  expect(asked).toEqual(['a', 'b', 'a']);
  expect(saved).toEqual(asked.map((name) => [name, { cpus: 8 }]));
});

test.each(['cluster', 'store'] as const)(
  'a failure of the %s is told, and nothing more; it is tried again in an hour',
  async (what) => {
    const { look, pass, saved, warned, breakIt } = scene();
    breakIt(what);
    await look('a');
    await look('a');
    expect(saved).toEqual([]);
    expect(warned).toEqual(['bounds of a cluster not known']);
    breakIt(null);
    pass(hour);
    await look('a');
    expect(saved).toEqual([['a', { cpus: 8 }]]);
  },
);
