import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { defaultPolicy, type Model } from '@wakefield/domain';
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
  activation: note('activation'),
  model: note('model'),
  modelLater: note('later'),
  service: note('service'),
  serviceLater: note('later'),
  notices: note('notices'),
  cluster: note('cluster'),
  metrics: note('metrics'),
  probe: note('probe'),
  log: note('log'),
};
const driver = {
  name: 'here',
  forget: async (names: readonly string[]) => {
    forgotten.push(...names);
  },
} as Partial<ClusterDriver> as ClusterDriver;

const now = SAMPLE_NOW;

async function sweepAt(at: number, over: Partial<SweepDeps> = {}): Promise<void> {
  const deps: SweepDeps = {
    ...store.stores,
    drivers: new Map([['here', driver]]),
    nudges,
    clock: { now: () => at },
    log: captureLog(),
    policy: defaultPolicy,
    histories: { read: async () => ({}), ask: () => undefined },
    demandBoard: { readMany: async () => null },
    metricsBoard: { answering: async () => [] },
    routeBus: { publish: async () => undefined },
    telemetry: {
      jobAdvanced: () => undefined,
      observed: () => undefined,
      reconciled: () => undefined,
      scaled: () => undefined,
    },
    clusterGoneAfterMs: 600_000,
    keepUsage: { recordsMs: 90 * 86_400_000, sumsMs: 365 * 86_400_000 },
    holder: 'tester',
    webhook: null,
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
    const status = { reachable: true, observedAt: now, error: null, silence: null };
    await store.stores.clusters.save('here', { ...status, nextLookAt: now + 1 });
    await sweepAt(now);
    expect(nudged).toContain(`model ${due.id}`);
    expect(nudged).not.toContain(`model ${later.id}`);
    expect(nudged).not.toContain('cluster here');
    nudged = [];
    await sweepAt(now + 1);
    expect(nudged).toEqual(expect.arrayContaining([`model ${later.id}`, 'cluster here']));
  });

  test('nudges what is due to be told, where somebody is told, and forgets it in its time', async () => {
    const service = await store.service();
    const day = 86_400_000;
    const told = (
      kind: string,
    ) => `insert into service_notices (service_id, kind, seq, at, facts, next_try_at)
      values ('${service.id}', '${kind}', 1, $1, '{}', $1)`;
    await store.sql(told('running'), [new Date(now)]);
    const webhook = { send: async () => null };
    await sweepAt(now, { webhook: null });
    expect(nudged).not.toContain(`notices ${service.id}`);
    await sweepAt(now - 1, { webhook });
    expect(nudged).not.toContain(`notices ${service.id}`);
    await sweepAt(now, { webhook });
    expect(nudged).toContain(`notices ${service.id}`);
    const left = async (at: number) => {
      await store.sql("delete from leases where key = 'tidy'");
      await sweepAt(at);
      return (await store.stores.notices.listWaiting(service.id, 10)).length;
    };
    expect(await left(now + 8 * day)).toBe(1);
    expect(await left(now + 8 * day + 1)).toBe(0);
  });

  test('decides itself where nothing is new, and puts off the next look', async () => {
    const model = await store.model();
    await store.sql(
      "update models set idle = true, state = 'not_loaded', reason = null, because = '[\"demand is unknown: stays awake\"]', next_look_at = $1 where id = $2",
      [new Date(now), model.id],
    );
    await sweepAt(now);
    expect(nudged).not.toContain(`model ${model.id}`);
    const put = await store.stores.models.get(model.id);
    expect(put?.nextLookAt).toBe(now + defaultPolicy.lookRarelyMs);
    expect(put?.because).toEqual(['asleep']);
    await store.sql("update models set reason = 'It broke.', next_look_at = $1 where id = $2", [
      new Date(now),
      model.id,
    ]);
    await sweepAt(now);
    expect(nudged).toContain(`model ${model.id}`);
  });

  test('goes on behind what cannot be read, and tidies up', async () => {
    const [awake, other] = [await store.model(), await store.model()];
    await store.sql('update models set next_look_at = $1 where id = any($2)', [
      new Date(now - 60_000),
      [awake.id, other.id],
    ]);
    const log = captureLog();
    const read = (model: Model) =>
      model.id === awake.id ? Promise.reject(new Error('too slow')) : Promise.resolve({});
    await sweepAt(now, { log, histories: { read, ask: () => undefined } });
    expect(log.has('waits not known')).toBe(true);
    expect(log.has('models not swept')).toBe(false);
    expect(nudged).toEqual(expect.arrayContaining([`model ${awake.id}`, `model ${other.id}`]));
    nudged = [];
    const old = await store.job(other, 1, { phase: 'ended', outcome: 'as_asked', endedAt: 1 });
    await store.sql('update models set registered = false where id = $1', [other.id]);
    const listForModels = () => Promise.reject(new Error('too slow'));
    await tidyUp({ log, jobs: { ...store.stores.jobs, listForModels } });
    expect(log.has('models not swept')).toBe(true);
    expect(nudged).toEqual(expect.arrayContaining([`model ${awake.id}`, `model ${other.id}`]));
    expect(forgotten).toContain(old.name);
    nudged = [];
    const listDue = () => Promise.reject(new Error('too slow'));
    const gone = await store.job(await store.model({ registered: false }), 1, over);
    await expect(tidyUp({ log, models: { ...store.stores.models, listDue } })).rejects.toThrow(
      'too slow',
    );
    expect(forgotten).toContain(gone.name);
  });

  test('comes to all that is due, however many stay due', async () => {
    const model = await store.model();
    await store.sql(
      `insert into models select (jsonb_populate_record(model, jsonb_build_object(
         'id', gen_random_uuid(), 'hf_model_id', 'many/' || number, 'next_look_at', $2::timestamptz))).*
       from models as model, generate_series(1, 600) as number where model.id = $1`,
      [model.id, new Date(now - 60_000)],
    );
    await sweepAt(now);
    const many = await store.sql("select id from models where hf_model_id like 'many/%'");
    expect(many).toHaveLength(600);
    expect(new Set(nudged).size).toBe(nudged.length);
    expect(nudged).toEqual(expect.arrayContaining(many.map(({ id }) => `model ${id}`)));
    await store.sql("delete from models where hf_model_id like 'many/%'");
  });

  test('forgets a service that never had a job, in its time', async () => {
    const service = await store.service();
    await store.verdict(service, { state: 'stopped' });
    const week = 7 * 86_400_000;
    const left = async (at: number) => {
      await store.sql("delete from leases where key = 'tidy'");
      await sweepAt(at);
      return await store.stores.services.get(service.id);
    };
    expect(await left(now + week)).not.toBeNull();
    expect(await left(now + week + 1)).toBeNull();
  });

  test('looks at a cluster that was never looked at', async () => {
    await store.sql('delete from clusters');
    await sweepAt(now);
    expect(nudged).toContain('cluster here');
  });

  test('tidies up once a minute, whoever sweeps, what is old enough, on the cluster, too', async () => {
    const model = await store.model();
    const jobs = [];
    for (let seq = 1; seq <= 22; seq += 1) jobs.push(await store.job(model, seq, old));
    await store.stores.leases.acquire('tidy', 'another', 60_000);
    await sweepAt(now);
    expect(forgotten).toEqual([]);
    await tidyUp();
    expect(forgotten.toSorted()).toEqual([jobs[0]?.name, jobs[1]?.name].toSorted());
    expect(await store.stores.jobs.listForModel(model.id, 99)).toHaveLength(20);
    await sweepAt(now);
    expect(forgotten).toHaveLength(2);
  });

  test('removes the directories of deleted models before their rows', async () => {
    const gone = await store.model({ registered: false });
    const ends = await store.model({ registered: false });
    const jobs = [await store.job(gone, 1, over), await store.job(gone, 2, over)];
    await store.job(ends, 1, over);
    await store.job(ends, 2, { phase: 'draining' });
    await tidyUp();
    expect(forgotten.toSorted()).toEqual(jobs.map(({ name }) => name).toSorted());
    expect(await store.stores.models.get(gone.id)).toBeNull();
    expect(await store.stores.models.get(ends.id)).not.toBeNull();
  });

  test('tries again what a cluster did not do, and goes on with the others', async () => {
    const gone = await store.model({ registered: false, cluster: 'away' });
    const other = await store.model();
    const left = await store.job(gone, 1, over);
    for (let seq = 1; seq <= 21; seq += 1) await store.job(other, seq, old);
    const log = captureLog();
    const away = { ...driver, forget: () => Promise.reject(new Error('away')) };
    await tidyUp({ drivers: new Map([...both, ['away', away]]), log });
    expect(log.has('job directories not removed')).toBe(true);
    expect(forgotten).toHaveLength(1);
    expect(await store.stores.models.get(gone.id)).not.toBeNull();
    await tidyUp({ drivers: new Map([...both, ['away', driver]]) });
    expect(forgotten).toContain(left.name);
    expect(await store.stores.models.get(gone.id)).toBeNull();
  });

  test('deletes records of requests, and later their sums', async () => {
    const { usage } = store.stores;
    const day = 86_400_000;
    const record = {
      ...{ project: 'p', hfModelId: null, principal: null, operation: 'completions', status: 200 },
      ...{ streamed: false, estimated: false, firstByteMs: null, heldMs: 0, durationMs: 1 },
      ...{ promptTokens: 1, completionTokens: 1, cachedTokens: 0 },
      ...{ service: null, bytesUp: 0, bytesDown: 0 },
      outcome: 'complete',
    } as const;
    const ages = [89, 91, 364, 366];
    await usage.add(
      ages.map((age) => ({ ...record, id: randomUUID(), at: now - age * day - 3_600_000 })),
    );
    await tidyUp();
    const count = async (table: string) =>
      Number((await store.sql(`select count(*) as count from ${table}`))[0]?.count);
    expect([await count('usage_records'), await count('usage_hours')]).toEqual([1, 3]);
  });

  test('purges the rest when one purge fails', async () => {
    const log = captureLog();
    const tooSlow = () => Promise.reject(new Error('too slow'));
    const commands = { ...store.stores.commands, purgeFinished: tooSlow };
    const gone = await store.job(await store.model({ registered: false }), 1, over);
    await tidyUp({ log, commands, usage: { purgeRecords: tooSlow, purgeSums: tooSlow } });
    expect(log.has('not purged; it is tried again in a minute')).toBe(true);
    expect(forgotten).toContain(gone.name);
  });

  test('forgets jobs of clusters that are not there any more', async () => {
    const gone = await store.model({ registered: false, cluster: 'removed' });
    await store.job(gone, 1, over);
    await tidyUp();
    expect(await store.stores.models.get(gone.id)).toBeNull();
  });
});

const over = { phase: 'ended', outcome: 'as_asked', endedAt: now } as const;
const old = { ...over, endedAt: now - 8 * 86_400_000 } as const;
const both = [['here', driver]] as const;

/** A sweep whose turn it is to tidy up. */
async function tidyUp(over: Partial<SweepDeps> = {}): Promise<void> {
  await store.sql("delete from leases where key = 'tidy'");
  await sweepAt(now, over);
}
