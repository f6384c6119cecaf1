import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Job } from '@wakefield/domain';
import {
  type CapturedLog,
  captureLog,
  SAMPLE_NOW,
  type StoreFixture,
  storeFixture,
} from '@wakefield/testkit';
import type { ProbeVerdict } from './ports/cluster.ts';
import { type ProbeJobDeps, probeJob } from './probe-job.ts';

let store: StoreFixture;
let log: CapturedLog;
let job: Job;

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(async () => {
  log = captureLog();
  job = await store.job(await store.model(), 1, {
    phase: 'starting',
    address: { host: 'cn01', port: 20_000 },
  });
});
afterAll(() => store.close());

/** Probes until these answers are used up; each is given after what happens meanwhile. */
async function probe(
  ...answers: readonly (ProbeVerdict & { readonly meanwhile?: () => Promise<unknown> })[]
): Promise<readonly (string | null)[]> {
  const stop = new AbortController();
  const left = [...answers];
  const reasons: (string | null)[] = [];
  const deps: ProbeJobDeps = {
    ...store.stores,
    routeBus: { publish: async () => undefined },
    nudges: { model: async () => undefined, service: async () => undefined },
    prober: {
      metrics: async () => null,
      probe: async () => {
        reasons.push((await store.stores.jobs.get(job.id))?.reason ?? null);
        const next = left.shift();
        if (left.length === 0) stop.abort();
        await next?.meanwhile?.();
        return next ?? { status: 'not_yet', detail: 'over' };
      },
    },
    telemetry: {
      jobAdvanced: () => undefined,
      observed: () => undefined,
      reconciled: () => undefined,
      scaled: () => undefined,
    },
    clock: { now: () => SAMPLE_NOW },
    log,
  };
  await probeJob(deps, job.id, stop.signal);
  return reasons;
}

const now = () => store.stores.jobs.get(job.id);
const ready: ProbeVerdict = { status: 'ready', capacity: 7 };
const notYet = (detail: string): ProbeVerdict => ({ status: 'not_yet', detail });

describe('a starting job', () => {
  test('whose engine is ready is opened', async () => {
    await probe(ready);
    expect(await now()).toMatchObject({ phase: 'ready', capacity: 7, readyAt: SAMPLE_NOW });
  });

  test('that was suspended meanwhile is ready since it was so first', async () => {
    await store.stores.jobs.patch(job.id, ['starting'], { readyAt: SAMPLE_NOW - 3_600_000 });
    await probe(ready);
    expect(await now()).toMatchObject({ phase: 'ready', readyAt: SAMPLE_NOW - 3_600_000 });
  });

  test('that others have shown to take fewer is not believed to take more, for the engine says what it would', async () => {
    await store.stores.jobs.patch(job.id, ['starting'], { capacity: 5 });
    await probe(ready);
    expect(await now()).toMatchObject({ phase: 'ready', capacity: 5 });
  });

  test('that has moved meanwhile is not: somebody else may answer where it was', async () => {
    const moved = { address: { host: 'cn02', port: 20_000 } };
    const meanwhile = () => store.stores.jobs.patch(job.id, ['starting'], moved);
    await probe({ ...ready, meanwhile });
    expect(await now()).toMatchObject({ ...moved, phase: 'starting', readyAt: null });
  });

  test('that was told to go meanwhile is not opened either, nor probed again', async () => {
    const meanwhile = () =>
      store.stores.jobs.patch(job.id, ['starting'], { cancelledAt: SAMPLE_NOW });
    await probe({ ...ready, meanwhile });
    expect(await probe(ready)).toEqual([]);
    expect(await now()).toMatchObject({ phase: 'starting' });
  });

  test('says why it is not ready, and the log hears of it once per change', async () => {
    const foreign: ProbeVerdict = { status: 'foreign', detail: 'it lists other names' };
    const loading = 'The engine is not ready yet: 503';
    const other = 'Another engine answers at its address: it lists other names';
    expect(await probe(notYet('503'), notYet('503'), foreign, foreign, notYet('503'))).toEqual([
      null,
      loading,
      loading,
      other,
      other,
    ]);
    expect(await now()).toMatchObject({ phase: 'starting', reason: loading });
    const said = log.lines.map(({ message }) => message);
    expect(said).toEqual([
      'engine not ready yet',
      'another engine answers at the address',
      'engine not ready yet',
    ]);
    await probe(ready);
    expect(await now()).toMatchObject({ phase: 'ready', reason: null });
  });

  test('is knocked at often only while there is news: then the next look at its cluster sends us back', async () => {
    const long = Array.from({ length: 1_000 }, () => notYet('connection refused'));
    const first = await probe(...long);
    // Five seconds of 150 ms each, less what the knocks took.
    expect(first.length).toBeGreaterThan(5);
    expect(first.length).toBeLessThanOrEqual(35);
    expect(await probe(...long)).toHaveLength(1);
    const again = await probe(notYet('503'), ready);
    expect(again).toHaveLength(2);
    expect(await now()).toMatchObject({ phase: 'ready' });
  }, 20_000);
});
