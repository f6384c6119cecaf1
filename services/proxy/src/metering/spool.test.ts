import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { answer, useSpools } from '../../test/spool-scene.ts';
import { sampleBegun, sampleRecord } from '../../test/usage.ts';
import { frameOf } from './frames.ts';
import { begunLine, recordLine } from './lines.ts';
import type { UsageSpool } from './spool.ts';

const scene = useSpools();
const files = () =>
  readdirSync(scene.root, { recursive: true }).filter((name) => `${name}`.endsWith('.log'));

async function hasPlace(spool: UsageSpool): Promise<void> {
  await until('it has a place', () => {
    answer(spool, 1);
    return scene.store.records.size > 0;
  });
}

describe('the spool', () => {
  it('brings records to the store, and leaves nothing behind', async () => {
    const spool = await scene.open();
    answer(spool, 300);
    await scene.all(300);
    await until('nothing waits', () => spool.waiting === 0 && spool.waitingSince === null);
    await until('closed segments are gone', () => files().length <= 1);
    await spool.close(1000);
    expect(readdirSync(scene.root)).toEqual([]);
    expect(scene.dropped).toEqual([]);
  });

  it('keeps them while the store is away, and says so once', async () => {
    scene.store.mood = 'away';
    const spool = await scene.open();
    const before = Date.now();
    answer(spool, 50);
    await until('it has tried', () => scene.told('usage not shipped') > 0);
    answer(spool, 50);
    await until('they are written', () => spool.waiting === 100);
    expect(spool.bytes).toBeGreaterThan(100 * 200);
    expect(spool.waitingSince).toBeGreaterThanOrEqual(before);
    scene.store.mood = 'unheard';
    await until('some are there', () => scene.store.records.size > 0);
    scene.store.mood = 'well';
    await scene.all(100);
    await until('nothing waits', () => spool.waiting === 0);
    expect(scene.store.records.size).toBe(100);
    expect(scene.told('usage not shipped')).toBe(1);
    expect(scene.told('usage is shipped again')).toBe(1);
  });

  it('leaves what it could not ship to the next process', async () => {
    scene.store.mood = 'away';
    const first = await scene.open();
    answer(first, 20);
    const begun = sampleBegun();
    first.meter.begun(begun);
    await first.close(20);
    scene.store.mood = 'well';
    await scene.open();
    await scene.all(21);
    expect(scene.store.records.get(begun.id)?.outcome).toBe('lost');
    await until('it is tidied up', () => readdirSync(scene.root).length === 1);
  });

  it('goes on in a new segment with what is under way', async () => {
    const spool = await scene.open();
    const long = sampleBegun();
    spool.meter.begun(long);
    for (let round = 0; round < 20; round += 1) {
      answer(spool, 10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await scene.all(200);
    await until('old segments are gone', () => files().length === 1);
    scene.store.mood = 'away';
    await spool.close(5);
    scene.store.mood = 'well';
    await scene.open();
    await scene.all(201);
  });

  it('is bounded: what is too much is dropped, counted and told', async () => {
    scene.store.mood = 'away';
    const spool = await scene.open({ maxBytes: 10_000 });
    for (let round = 0; round < 100; round += 1) {
      answer(spool, 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const lost = scene.dropped.reduce((sum, [, records]) => sum + records, 0);
    expect(scene.dropped[0]?.[0]).toBe('full');
    expect(spool.bytes).toBeLessThanOrEqual(10_000);
    expect(spool.waiting + lost).toBe(100);
    expect(scene.told('usage records dropped')).toBe(1);
    scene.store.mood = 'well';
    await until('there is room', () => spool.waiting === 0 && spool.bytes < 5000);
    const kept = scene.store.records.size;
    answer(spool, 1);
    await scene.all(kept + 1);
  });

  it('goes on in another place when its files are deleted', async () => {
    scene.store.mood = 'away';
    const spool = await scene.open();
    answer(spool, 3);
    await until('they are written', () => spool.waiting === 3);
    rmSync(scene.root, { recursive: true });
    await until('that is seen', () => scene.dropped.length > 0);
    expect(scene.dropped).toEqual([['disk', 3]]);
    scene.store.mood = 'well';
    await hasPlace(spool);
  });

  it.each([
    ['all of the spool', () => scene.root],
    ['its directory', () => join(scene.root, readdirSync(scene.root)[0] ?? '')],
  ])('goes on when %s is deleted while it has nothing to do', async (_what, place) => {
    const spool = await scene.open();
    rmSync(place(), { recursive: true });
    await until('that is seen', () => scene.told('usage spool is gone') > 0);
    await hasPlace(spool);
  });

  it('stays where it is when only its sign of life is deleted', async () => {
    const spool = await scene.open();
    const [place = ''] = readdirSync(scene.root);
    const sign = join(scene.root, place, 'heartbeat');
    rmSync(sign);
    await until('it is there again', () => existsSync(sign));
    answer(spool, 3);
    await scene.all(3);
    expect(readdirSync(scene.root)).toEqual([place]);
  });

  it('drops what it has no place for, and finds one when it can', async () => {
    writeFileSync(scene.root, 'a file is in the way');
    const spool = await scene.open();
    answer(spool, 2);
    await until('they are dropped', () => scene.dropped.length > 0);
    expect(scene.dropped).toEqual([['disk', 2]]);
    expect(scene.told('usage spool cannot be used')).toBe(1);
    rmSync(scene.root);
    await hasPlace(spool);
  });

  it('leaves out a record that the database never takes', async () => {
    scene.store.mood = 'away';
    const spool = await scene.open();
    answer(spool, 30);
    const bad = sampleRecord();
    scene.store.unfit.add(bad.id);
    spool.meter.ended(bad, null);
    answer(spool, 30);
    await until('they are written', () => spool.waiting === 61);
    scene.store.mood = 'well';
    await scene.all(60);
    await until('nothing waits', () => spool.waiting === 0);
    expect(scene.dropped).toEqual([['unfit', 1]]);
  });

  it('does not touch what living processes have, and takes what dead ones left, once', async () => {
    scene.store.mood = 'away';
    const dead = join(scene.root, '0a1b2c3d-00112233445566ff');
    mkdirSync(dead, { recursive: true });
    const begun = sampleBegun();
    const record = sampleRecord();
    writeFileSync(join(dead, '000000000003.log'), frameOf(begunLine(begun) + recordLine(record)));
    const [one, another] = await Promise.all([scene.open(), scene.open()]);
    answer(one, 5);
    answer(another, 5);
    await until('both are written', () => one.waiting === 5 && another.waiting === 5);
    const places = readdirSync(scene.root);
    expect(places).toHaveLength(3);
    expect(places.filter((name) => name.endsWith('.0a1b2c3d-00112233445566ff'))).toHaveLength(1);
    expect(scene.told('usage of a dead process found')).toBe(1);
    scene.store.mood = 'well';
    await scene.all(12);
    expect(scene.store.records.get(begun.id)?.outcome).toBe('lost');
  });
});
