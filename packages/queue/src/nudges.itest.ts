import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

describe('model nudges', () => {
  test('the trace goes along, and is no part of the identity', async () => {
    const { nudges } = fixture;
    const traceId = 'ab'.repeat(16);
    const seen: unknown[] = [];
    await nudges.model('m1');
    await nudges.model('m1', traceId);
    await nudges.model('m2', traceId);
    await nudges.model('m3', 'not a trace');
    fixture.consume('reconcile', { model: async (id, run) => seen.push([id, run.traceId]) });
    await fixture.idle('reconcile');
    expect(seen).toEqual([
      ['m1', null],
      ['m2', traceId],
      ['m3', null],
    ]);
  });

  test('many nudges of a waiting model are one run', async () => {
    const { nudges } = fixture;
    for (let i = 0; i < 5; i += 1) await nudges.model('m1');
    await nudges.model('m2');
    const { runs, release } = fixture.consumeHeld('reconcile', ['model']);
    release();
    await fixture.idle('reconcile');
    expect(runs.toSorted()).toEqual(['model m1', 'model m2']);
  });

  test('nudges during a run cause exactly one more, also when the run fails', async () => {
    const { nudges } = fixture;
    const { runs, release } = fixture.consumeHeld('reconcile', ['model'], { failFirst: true });
    await nudges.model('m1');
    await until(() => runs.length === 1);
    for (let i = 0; i < 4; i += 1) await nudges.model('m1');
    release();
    await until(() => runs.length === 2);
    await fixture.idle('reconcile');
    expect(runs).toEqual(['model m1', 'model m1']);
    await nudges.model('m1');
    await until(() => runs.length === 3);
  });

  test('a model is never reconciled twice at once', async () => {
    const { nudges } = fixture;
    let atOnce = 0;
    let most = 0;
    let runs = 0;
    fixture.consume('reconcile', {
      model: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise(setImmediate);
        runs += 1;
        atOnce -= 1;
      },
    });
    for (let i = 0; i < 50; i += 1) await nudges.model('m1');
    await fixture.idle('reconcile');
    expect(most).toBe(1);
    expect(runs).toBeGreaterThan(0);
  });
});

describe('cluster nudges', () => {
  test('an immediate nudge overtakes a waiting delayed one', async () => {
    const { nudges } = fixture;
    const { runs, release } = fixture.consumeHeld('observe', ['cluster']);
    release();
    await nudges.cluster('karolina', 60_000);
    await nudges.cluster('karolina', 0);
    await until(() => runs.length === 1);
    expect(runs).toEqual(['cluster karolina']);
    expect(await fixture.counts('observe')).toMatchObject({ delayed: 1 });
  });

  test('a delayed nudge comes when it is due, as one run', async () => {
    const { nudges } = fixture;
    const { runs, release } = fixture.consumeHeld('observe', ['cluster']);
    release();
    const askedAt = Date.now();
    await nudges.cluster('karolina', 150);
    await nudges.cluster('karolina', 200);
    await until(() => runs.length === 1);
    expect(Date.now() - askedAt).toBeGreaterThanOrEqual(150);
    await fixture.idle('observe');
    expect(runs).toHaveLength(1);
  });

  test('the earliest wish stands: a later one does not push it back, an earlier one brings it forward', async () => {
    const { nudges } = fixture;
    await nudges.cluster('karolina', 60_000);
    await nudges.cluster('karolina', 30_000);
    await nudges.cluster('karolina', 90_000);
    expect(await fixture.nextLookInMs('karolina')).toBeGreaterThan(25_000);
    expect(await fixture.nextLookInMs('karolina')).toBeLessThan(30_001);
    const { runs, release } = fixture.consumeHeld('observe', ['cluster']);
    release();
    await nudges.cluster('karolina', 100);
    await nudges.cluster('karolina', 80_000);
    await until(() => runs.length === 1);
    await fixture.idle('observe');
    expect(await fixture.counts('observe')).toMatchObject({ delayed: 0 });
  });

  test("an immediate nudge during a run is not lost to the run's own follow-up", async () => {
    const { nudges } = fixture;
    const runs: string[] = [];
    const first = Promise.withResolvers<void>();
    fixture.consume('observe', {
      cluster: async (name) => {
        runs.push(name);
        if (runs.length === 1) await first.promise;
        await nudges.cluster(name, 60_000);
      },
      metrics: async () => undefined,
    });
    await nudges.cluster('karolina', 0);
    await until(() => runs.length === 1);
    await nudges.cluster('karolina', 0);
    first.resolve();
    await until(() => runs.length === 2);
    await until(async () => (await fixture.counts('observe')).delayed === 1);
    expect(await fixture.counts('observe')).toMatchObject({ waiting: 0, delayed: 1 });
  });

  test('a run may ask for its successor: a chain at the cadence, one link at a time', async () => {
    const { nudges } = fixture;
    let runs = 0;
    fixture.consume('observe', {
      cluster: async (name) => {
        runs += 1;
        if (runs < 5) await nudges.cluster(name, 20);
      },
      metrics: async () => undefined,
    });
    await nudges.cluster('karolina', 20);
    await until(() => runs === 5);
    await fixture.idle('observe');
    expect(await fixture.counts('observe')).toMatchObject({ delayed: 0, waiting: 0 });
    expect(runs).toBe(5);
  });

  test('engines that hang keep nobody from looking at clusters', async () => {
    const { nudges } = fixture;
    const probes = fixture.consumeHeld('probe', ['probe']);
    for (let job = 0; job < 100; job += 1) await nudges.probe(`j${job}`);
    await until(() => probes.runs.length === 64);
    const runs: string[] = [];
    const hangs = Promise.withResolvers<void>();
    fixture.consume('observe', {
      cluster: async (name) => {
        runs.push(`look ${name}`);
        await nudges.metrics(name);
      },
      metrics: async (name) => {
        runs.push(`metrics ${name}`);
        await hangs.promise;
      },
    });
    for (let looks = 1; looks <= 3; looks += 1) {
      await nudges.cluster('a', 0);
      await until(() => runs.filter((run) => run === 'look a').length === looks);
    }
    await nudges.cluster('b', 0);
    await until(() => runs.includes('metrics b'));
    hangs.resolve();
    await fixture.idle('observe');
    expect(runs.filter((run) => run === 'metrics a')).toHaveLength(1);
    await nudges.metrics('a');
    await until(() => runs.filter((run) => run === 'metrics a').length === 2);
    probes.release();
  });

  test('a probe of a job waits and runs once', async () => {
    const { nudges } = fixture;
    const { runs, release } = fixture.consumeHeld('probe', ['probe']);
    await nudges.probe('a');
    await nudges.probe('a');
    await nudges.probe('b');
    await until(() => runs.length === 2);
    release();
    await fixture.idle('probe');
    expect(runs.toSorted()).toEqual(['probe a', 'probe b']);
  });
});

describe('later looks at a model', () => {
  test('come when they are due, as one run', async () => {
    const { nudges } = fixture;
    const { runs, release } = fixture.consumeHeld('reconcile', ['model']);
    release();
    const askedAt = Date.now();
    await nudges.modelLater('m1', 150);
    await nudges.modelLater('m1', 60_000);
    await until(() => runs.length === 1);
    expect(Date.now() - askedAt).toBeGreaterThanOrEqual(150);
    await fixture.idle('reconcile');
    expect(runs).toEqual(['model m1']);
    expect(await fixture.counts('reconcile')).toMatchObject({ delayed: 0 });
  });

  test('an earlier one replaces a later one, a later one changes nothing', async () => {
    const { nudges } = fixture;
    await nudges.modelLater('m1', 60_000);
    await nudges.modelLater('m1', 20_000);
    await nudges.modelLater('m1', 90_000);
    await nudges.modelLater('m2', 50_000);
    expect(await fixture.nextLookInMs('m1')).toBeGreaterThan(15_000);
    expect(await fixture.nextLookInMs('m1')).toBeLessThan(20_001);
    expect(await fixture.nextLookInMs('m2')).toBeGreaterThan(45_000);
  });

  test('never pile up, however often a model is looked at', async () => {
    const { nudges, redis } = fixture;
    let runs = 0;
    fixture.consume('reconcile', {
      model: async (id) => {
        runs += 1;
        await nudges.modelLater(id, runs < 100 ? 1 : 30_000);
        if (runs % 3 === 0) await nudges.modelLater(id, 20_000);
      },
    });
    await nudges.model('m1');
    await until(() => runs === 100);
    await fixture.idle('reconcile');
    expect(await fixture.counts('reconcile')).toMatchObject({ waiting: 0, delayed: 1, failed: 0 });
    const keys = await redis.produce.keys(`${redis.prefix.replace(/[[\]{}]/g, '?')}:reconcile:*`);
    // Jobs kept for people, the waiting look and BullMQ's own keys; nothing per look.
    expect(keys.length).toBeLessThan(45);
  });

  test('leave room for a look at once, before and during a run', async () => {
    const { nudges } = fixture;
    const runs: string[] = [];
    const first = Promise.withResolvers<void>();
    fixture.consume('reconcile', {
      model: async (id) => {
        runs.push(id);
        if (runs.length === 1) await first.promise;
        await nudges.modelLater(id, 60_000);
      },
    });
    await nudges.modelLater('m1', 50_000);
    await nudges.model('m1');
    await until(() => runs.length === 1);
    await nudges.model('m1');
    first.resolve();
    await until(() => runs.length === 2);
    await fixture.idle('reconcile');
    expect(await fixture.nextLookInMs('m1')).toBeLessThan(50_001);
  });
});
