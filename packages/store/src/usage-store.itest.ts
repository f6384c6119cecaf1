import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UnfitRecordsError, type UsageQuestion } from '@wakefield/control';
import type { UsageRecord } from '@wakefield/domain';
import { type StoreFixture, storeFixture } from '@wakefield/testkit';
import { sampleRecord } from '../test/usage.ts';

let store: StoreFixture;
beforeAll(async () => {
  store = await storeFixture();
});
afterAll(() => store.close());

const hour = 3_600_000;
const eight = Date.UTC(2026, 10, 21, 8);
/** Each test has a project of its own. */
const newProject = () => `p-${randomUUID()}`;

const ask = (project: string, over: Partial<UsageQuestion> = {}) =>
  store.stores.usage.sums({
    project,
    from: eight - 365 * 24 * hour,
    to: eight + 365 * 24 * hour,
    principal: null,
    groupBy: [],
    limit: 100,
    after: null,
    ...over,
  });

const add = (project: string, ...records: readonly Partial<UsageRecord>[]) =>
  store.stores.usage.add(records.map((record) => sampleRecord({ project, ...record })));

describe('records', () => {
  test('are kept as they are', async () => {
    const project = newProject();
    const service = randomUUID();
    const record = sampleRecord({
      ...{ project, firstByteMs: null, hfModelId: null, principal: null },
      ...{ service, bytesUp: 3_000_000_000, bytesDown: 1 },
    });
    expect(await store.stores.usage.add([record])).toBe(1);
    const [row] = await store.sql('select * from usage_records where id = $1', [record.id]);
    expect(row).toEqual({
      id: record.id,
      at: new Date(record.at),
      project,
      model: null,
      principal: null,
      operation: 'chat/completions',
      status: 200,
      outcome: 'complete',
      streamed: false,
      estimated: false,
      prompt_tokens: 10,
      completion_tokens: 5,
      cached_tokens: 4,
      duration_ms: 120,
      first_byte_ms: null,
      held_ms: 0,
      service,
      bytes_up: '3000000000',
      bytes_down: '1',
    });
  });

  test('of services and sessions are summed up with what passed', async () => {
    const project = newProject();
    const passed = { bytesUp: 2_000_000_000, bytesDown: 5 };
    await add(project, { service: randomUUID(), hfModelId: null, ...passed }, passed, {});
    expect((await ask(project)).totals).toMatchObject({
      ...{ requests: 3, services: 1, bytesUp: 4_000_000_000, bytesDown: 10 },
    });
  });

  test('of a release that says nothing of services are taken', async () => {
    const project = newProject();
    await add(project, {});
    await store.sql(
      `insert into usage_hours (project, hour, model, principal, requests, ok, client_errors, server_errors, left_early, lost,
         cut, estimated, prompt_tokens, completion_tokens, cached_tokens, estimated_tokens, duration_ms, first_byte_ms,
         first_bytes, held_ms)
       select project, hour, 'another', principal, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0
       from usage_hours where project = $1`,
      [project],
    );
    expect((await ask(project)).totals).toMatchObject({ requests: 2, services: 0, bytesUp: 0 });
  });

  test('are counted once, however often and with whom they come', async () => {
    const project = newProject();
    const records = Array.from({ length: 40 }, () => sampleRecord({ project }));
    const another = store.another().usage;
    const news = await Promise.all([
      store.stores.usage.add(records),
      another.add(records),
      store.stores.usage.add([...records.slice(20), ...records.slice(20)]),
      another.add(records.slice(0, 30)),
    ]);
    expect(news.reduce((sum, one) => sum + one)).toBe(40);
    expect((await ask(project)).totals).toMatchObject({ requests: 40, promptTokens: 400 });
  });

  test('of several proxies at once add up, whatever order they come in', async () => {
    const project = newProject();
    const of = (model: string, principal: string) =>
      sampleRecord({ project, hfModelId: model, principal });
    const names = ['a', 'b', 'c', 'd'];
    const batch = () => names.flatMap((model) => names.map((user) => of(model, user)));
    const stores = [store.stores, store.another(), store.another()];
    await Promise.all(
      Array.from({ length: 30 }, (_, round) =>
        stores[round % 3]?.usage.add(round % 2 === 0 ? batch() : batch().reverse()),
      ),
    );
    expect((await ask(project)).totals.requests).toBe(30 * 16);
  });

  test('that no table can hold are refused as such, and none of them is there', async () => {
    const project = newProject();
    const bad = { status: 70_000 };
    await expect(add(project, {}, bad)).rejects.toThrow(UnfitRecordsError);
    expect((await ask(project)).totals.requests).toBe(0);
  });

  test('hold what callers and engines come up with', async () => {
    const project = newProject();
    await add(project, {
      principal: 'a\0b\ud800',
      promptTokens: 1e18,
      completionTokens: 1.5,
      durationMs: 12.7,
    });
    const { totals, groups } = await ask(project, { groupBy: ['user'] });
    expect(totals).toMatchObject({
      promptTokens: 2 ** 31 - 1,
      completionTokens: 2,
      durationMs: 13,
    });
    expect(groups[0]?.user).toBe('a\uFFFDb\uFFFD');
  });

  test('are on a disk once they are said to be there, whatever the database does by itself', async () => {
    await store.sql('create table seen (setting text)');
    await store.sql(`
      create function see() returns trigger language plpgsql as $$ begin
        insert into seen values (current_setting('synchronous_commit')); return null; end $$`);
    await store.sql(
      'create trigger see after insert on usage_records for each statement execute function see()',
    );
    await store.sql(
      `alter database ${new URL(store.url).pathname.slice(1)} set synchronous_commit = off`,
    );
    await store.another().usage.add([sampleRecord({ project: newProject() })]);
    expect(await store.sql('select * from seen')).toEqual([{ setting: 'local' }]);
    await store.sql('drop trigger see on usage_records');
  });
});

describe('sums', () => {
  test('tell statuses, estimates and times apart', async () => {
    const project = newProject();
    await add(
      project,
      {},
      { outcome: 'cut', estimated: true, firstByteMs: 50 },
      { status: 404, outcome: 'refused', promptTokens: 0, completionTokens: 0, firstByteMs: null },
      { status: 503, outcome: 'refused', firstByteMs: null, heldMs: 300 },
      { status: 499, outcome: 'client_left', estimated: true, completionTokens: 1 },
      { status: 0, outcome: 'lost', estimated: true, completionTokens: 0, firstByteMs: null },
    );
    expect((await ask(project)).totals).toEqual({
      requests: 6,
      services: 0,
      bytesUp: 0,
      bytesDown: 0,
      ok: 2,
      clientErrors: 1,
      serverErrors: 1,
      left: 1,
      lost: 1,
      cut: 1,
      estimated: 3,
      promptTokens: 50,
      completionTokens: 16,
      cachedTokens: 24,
      estimatedTokens: 36,
      durationMs: 720,
      firstByteMs: 110,
      firstBytes: 3,
      heldMs: 300,
    });
  });

  test('are of whole hours, the last one not included', async () => {
    const project = newProject();
    await add(project, { at: eight - 1 }, { at: eight }, { at: eight + hour - 1 });
    await add(project, { at: eight + hour });
    const within = async (from: number, to: number) =>
      (await ask(project, { from, to })).totals.requests;
    expect(await within(eight, eight + hour)).toBe(2);
    expect(await within(eight - hour, eight)).toBe(1);
    expect(await within(eight, eight + 2 * hour)).toBe(3);
    expect(await within(eight + 2 * hour, eight + 3 * hour)).toBe(0);
  });

  test('are grouped by what was asked for, in that order', async () => {
    const project = newProject();
    const tomorrow = eight + 24 * hour;
    await add(
      project,
      { hfModelId: 'b', principal: 'x' },
      { hfModelId: 'B', principal: 'x' },
      { hfModelId: 'a', principal: null },
      { hfModelId: null, principal: 'y', at: tomorrow },
      { hfModelId: 'a', principal: 'y', at: tomorrow },
    );
    const by = async (...groupBy: UsageQuestion['groupBy']) =>
      (await ask(project, { groupBy })).groups.map(({ figures, ...key }) => [
        key,
        figures.requests,
      ]);
    expect(await by('model')).toEqual([
      [{ model: null }, 1],
      [{ model: 'B' }, 1],
      [{ model: 'a' }, 2],
      [{ model: 'b' }, 1],
    ]);
    const day = Date.UTC(2026, 10, 21);
    expect(await by('day', 'user')).toEqual([
      [{ day, user: null }, 1],
      [{ day, user: 'x' }, 2],
      [{ day: day + 24 * hour, user: 'y' }, 2],
    ]);
    expect(await by('hour')).toEqual([
      [{ hour: eight }, 3],
      [{ hour: tomorrow }, 2],
    ]);
    const own = await ask(project, { principal: 'x', groupBy: ['user'] });
    expect(own.totals.requests).toBe(2);
    expect(own.groups).toHaveLength(1);
  });

  test('come page by page, without a gap and none twice', async () => {
    const project = newProject();
    const names = Array.from({ length: 7 }, (_, index) => `m${index}`);
    await add(
      project,
      ...names.flatMap((hfModelId) => [{ hfModelId }, { hfModelId, at: eight + 24 * hour }]),
    );
    const groupBy = ['model', 'day'] as const;
    const all = (await ask(project, { groupBy })).groups;
    expect(all).toHaveLength(14);
    const paged = [];
    let after: UsageQuestion['after'] = null;
    for (let page = 0; page < 5; page += 1) {
      const { groups, totals } = await ask(project, { groupBy, limit: 3, after });
      expect(totals.requests).toBe(14);
      paged.push(...groups);
      const last = groups.at(-1);
      after = [last?.model ?? null, last?.day ?? null];
    }
    expect(paged).toEqual(all);
  });
});

describe('what is too old', () => {
  test('goes in pieces, records without their sums', async () => {
    const project = newProject();
    const old = eight - 1000 * 24 * hour;
    await add(project, ...Array.from({ length: 5 }, () => ({ at: old })), { at: eight });
    const { usage } = store.stores;
    expect(await usage.purgeRecords(old + 1, 3)).toBe(3);
    expect(await usage.purgeRecords(old + 1, 3)).toBe(2);
    expect(await usage.purgeRecords(old + 1, 3)).toBe(0);
    expect((await ask(project, { from: old - hour })).totals.requests).toBe(6);
    expect(await usage.purgeSums(old + hour, 10)).toBe(1);
    expect((await ask(project, { from: old - hour })).totals.requests).toBe(1);
  });
});
