import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { captureLog, SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import type { ClusterDriver } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import { type SweepDeps, sweep } from './sweep.ts';

let store: StoreFixture;
let nudged: string[];
let forgotten: string[];

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(() => {
  nudged = [];
  forgotten = [];
});
afterAll(() => store.close());

const note = (kind: string) => async (id: string) => {
  nudged.push(`${kind} ${id}`);
};
const nudges: Nudges = {
  command: note('command'),
  model: note('model'),
  modelLater: note('later'),
  cluster: note('cluster'),
  probe: note('probe'),
};
const driver = {
  name: 'here',
  forget: async (names: readonly string[]) => {
    forgotten.push(...names);
  },
} as Partial<ClusterDriver> as ClusterDriver;

/** A moment at which nothing is tidied up; half a minute later it is. */
const now = SAMPLE_NOW - (SAMPLE_NOW % 60_000) + 30_000;

async function sweepAt(at: number, over: Partial<SweepDeps> = {}): Promise<void> {
  const deps: SweepDeps = {
    ...store.stores,
    drivers: new Map([['here', driver]]),
    nudges,
    clock: { now: () => at },
    log: captureLog(),
    routeBus: { publish: async () => undefined },
    telemetry: {
      jobAdvanced: () => undefined,
      observed: () => undefined,
      reconciled: () => undefined,
    },
    clusterGoneAfterMs: 600_000,
    ...over,
  };
  await sweep(deps, AbortSignal.timeout(5_000));
}

describe('a sweep', () => {
  test('delivers commands that were not, but leaves those alone that are under way', async () => {
    const accept = (acceptedAt: number) =>
      store.accept('p', { kind: 'wake', hfModelId: 'a/b' }, { acceptedAt, id: randomUUID() });
    const stale = await accept(now - 2_001);
    const fresh = await accept(now - 1_999);
    await sweepAt(now);
    expect(nudged).toContain(`command ${stale}`);
    expect(nudged).not.toContain(`command ${fresh}`);
  });

  test('nudges models that are due and clusters whose look is', async () => {
    const due = await store.model();
    const later = await store.model();
    const setLook = (id: string, at: number) =>
      store.sql('update models set next_look_at = $1 where id = $2', [new Date(at), id]);
    await setLook(due.id, now);
    await setLook(later.id, now + 1);
    const status = { reachable: true, observedAt: now, error: null };
    await store.stores.clusters.save('here', { ...status, nextLookAt: now + 1 });
    await sweepAt(now);
    expect(nudged).toContain(`model ${due.id}`);
    expect(nudged).not.toContain(`model ${later.id}`);
    expect(nudged).not.toContain('cluster here');
    nudged = [];
    await sweepAt(now + 1);
    expect(nudged).toEqual(expect.arrayContaining([`model ${later.id}`, 'cluster here']));
  });

  test('looks at a cluster that was never looked at', async () => {
    await store.sql('delete from clusters');
    await sweepAt(now);
    expect(nudged).toContain('cluster here');
  });

  test('tidies up once a minute, what is old enough, on the cluster, too', async () => {
    const model = await store.model();
    const old = { phase: 'ended', outcome: 'as_asked', endedAt: now - 8 * 86_400_000 } as const;
    const jobs = [];
    for (let seq = 1; seq <= 22; seq += 1) jobs.push(await store.job(model, seq, old));
    await sweepAt(now);
    expect(forgotten).toEqual([]);
    await sweepAt(now + 30_000);
    expect(forgotten.toSorted()).toEqual([jobs[0]?.name, jobs[1]?.name].toSorted());
  });

  test('goes on when a cluster cannot be tidied', async () => {
    const model = await store.model();
    const old = { phase: 'ended', outcome: 'as_asked', endedAt: now - 8 * 86_400_000 } as const;
    for (let seq = 1; seq <= 21; seq += 1) await store.job(model, seq, old);
    const log = captureLog();
    const away = { ...driver, forget: () => Promise.reject(new Error('away')) };
    await sweepAt(now + 30_000, { drivers: new Map([['here', away]]), log });
    expect(log.has('job directories not removed')).toBe(true);
  });
});
