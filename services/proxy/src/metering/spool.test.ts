import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@wakefield/runtime';
import { until } from '../../test/harness.ts';
import { type MemoryUsage, memoryUsage, sampleBegun, sampleRecord } from '../../test/usage.ts';
import { frameOf } from './frames.ts';
import { begunLine, recordLine } from './lines.ts';
import { createUsageSpool, type SpoolOptions, type UsageSpool } from './spool.ts';

let root: string;
let store: MemoryUsage;
let dropped: [string, number][];
let log: string[];
const spools: UsageSpool[] = [];

beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'wakefield-spool-')), 'usage');
  store = memoryUsage();
  dropped = [];
  log = [];
});
afterEach(async () => {
  for (const spool of spools.splice(0)) await spool.close(1000);
  rmSync(join(root, '..'), { recursive: true });
});

async function open(over: Partial<SpoolOptions> = {}): Promise<UsageSpool> {
  const spool = createUsageSpool({
    root,
    store,
    maxBytes: 1e6,
    logger: createLogger({
      service: 'proxy',
      level: 'debug',
      destination: { write: (line) => void log.push(line) },
    }),
    dropped: (reason, records) => dropped.push([reason, records]),
    now: Date.now,
    pace: { segmentBytes: 2000, shipEveryMs: 5, pausesMs: [5], lookEveryMs: 20 },
    ...over,
  });
  spools.push(spool);
  await spool.start();
  return spool;
}

const all = (wanted: number) => until(`${wanted} records`, () => store.records.size === wanted);
const files = () =>
  readdirSync(root, { recursive: true }).filter((name) => `${name}`.endsWith('.log'));

function answer(spool: UsageSpool, count: number): void {
  for (let one = 0; one < count; one += 1) {
    const begun = sampleBegun();
    spool.meter.ended(sampleRecord(begun), spool.meter.begun(begun));
  }
}

async function hasPlace(spool: UsageSpool): Promise<void> {
  await until('it has a place', () => {
    answer(spool, 1);
    return store.records.size > 0;
  });
}

/** A record of a process of another machine, which is dead. @returns the path of the file */
function leave(writer: number): string {
  const directory = join(root, `0a1b2c3d-${String(writer).padStart(16, '0')}`);
  const path = join(directory, '000000000001.log');
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, frameOf(recordLine(sampleRecord())));
  return path;
}

function forget(directory: string): () => void {
  rmSync(directory, { recursive: true });
  return () => undefined;
}

/** Its file is one that cannot be read: EISDIR. @returns undoes that */
function hinder(directory: string): () => void {
  const path = join(directory, '000000000001.log');
  const aside = join(root, 'aside');
  renameSync(path, aside);
  mkdirSync(path);
  return () => {
    rmdirSync(path);
    renameSync(aside, path);
  };
}

describe('the spool', () => {
  it('brings records to the store, and leaves nothing behind', async () => {
    const spool = await open();
    answer(spool, 300);
    await all(300);
    await until('nothing waits', () => spool.waiting === 0 && spool.waitingSince === null);
    await until('closed segments are gone', () => files().length <= 1);
    await spool.close(1000);
    expect(readdirSync(root)).toEqual([]);
    expect(dropped).toEqual([]);
  });

  it('keeps them while the store is away, and says so once', async () => {
    store.mood = 'away';
    const spool = await open();
    const before = Date.now();
    answer(spool, 50);
    await until('it has tried', () => log.some((line) => line.includes('usage not shipped')));
    answer(spool, 50);
    await until('they are written', () => spool.waiting === 100);
    expect(spool.bytes).toBeGreaterThan(100 * 200);
    expect(spool.waitingSince).toBeGreaterThanOrEqual(before);
    store.mood = 'unheard';
    await until('some are there', () => store.records.size > 0);
    store.mood = 'well';
    await all(100);
    await until('nothing waits', () => spool.waiting === 0);
    expect(store.records.size).toBe(100);
    expect(log.filter((line) => line.includes('usage not shipped'))).toHaveLength(1);
    expect(log.filter((line) => line.includes('usage is shipped again'))).toHaveLength(1);
  });

  it('leaves what it could not ship to the next process', async () => {
    store.mood = 'away';
    const first = await open();
    answer(first, 20);
    const begun = sampleBegun();
    first.meter.begun(begun);
    await first.close(20);
    store.mood = 'well';
    await open();
    await all(21);
    expect(store.records.get(begun.id)?.outcome).toBe('lost');
    await until('it is tidied up', () => readdirSync(root).length === 1);
  });

  it('goes on in a new segment with what is under way', async () => {
    const spool = await open();
    const long = sampleBegun();
    spool.meter.begun(long);
    for (let round = 0; round < 20; round += 1) {
      answer(spool, 10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all(200);
    await until('old segments are gone', () => files().length === 1);
    store.mood = 'away';
    await spool.close(5);
    store.mood = 'well';
    await open();
    await all(201);
  });

  it('is bounded: what is too much is dropped, counted and told', async () => {
    store.mood = 'away';
    const spool = await open({ maxBytes: 10_000 });
    for (let round = 0; round < 100; round += 1) {
      answer(spool, 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const lost = dropped.reduce((sum, [, records]) => sum + records, 0);
    expect(dropped[0]?.[0]).toBe('full');
    expect(spool.bytes).toBeLessThanOrEqual(10_000);
    expect(spool.waiting + lost).toBe(100);
    expect(log.filter((line) => line.includes('usage records dropped'))).toHaveLength(1);
    store.mood = 'well';
    await until('there is room', () => spool.waiting === 0 && spool.bytes < 5000);
    const kept = store.records.size;
    answer(spool, 1);
    await all(kept + 1);
  });

  it('goes on in another place when its files are deleted', async () => {
    store.mood = 'away';
    const spool = await open();
    answer(spool, 3);
    await until('they are written', () => spool.waiting === 3);
    rmSync(root, { recursive: true });
    await until('that is seen', () => dropped.length > 0);
    expect(dropped).toEqual([['disk', 3]]);
    store.mood = 'well';
    await hasPlace(spool);
  });

  it.each([
    ['all of the spool', () => root],
    ['its directory', () => join(root, readdirSync(root)[0] ?? '')],
  ])('goes on when %s is deleted while it has nothing to do', async (_what, place) => {
    const spool = await open();
    rmSync(place(), { recursive: true });
    await until('that is seen', () => log.some((line) => line.includes('usage spool is gone')));
    await hasPlace(spool);
  });

  it('stays where it is when only its sign of life is deleted', async () => {
    const spool = await open();
    const [place = ''] = readdirSync(root);
    const sign = join(root, place, 'heartbeat');
    rmSync(sign);
    await until('it is there again', () => existsSync(sign));
    answer(spool, 3);
    await all(3);
    expect(readdirSync(root)).toEqual([place]);
  });

  it('drops what it has no place for, and finds one when it can', async () => {
    writeFileSync(root, 'a file is in the way');
    const spool = await open();
    answer(spool, 2);
    await until('they are dropped', () => dropped.length > 0);
    expect(dropped).toEqual([['disk', 2]]);
    expect(log.filter((line) => line.includes('usage spool cannot be used'))).toHaveLength(1);
    rmSync(root);
    await hasPlace(spool);
  });

  it('leaves out a record that the database never takes', async () => {
    store.mood = 'away';
    const spool = await open();
    answer(spool, 30);
    const bad = sampleRecord();
    store.unfit.add(bad.id);
    spool.meter.ended(bad, null);
    answer(spool, 30);
    await until('they are written', () => spool.waiting === 61);
    store.mood = 'well';
    await all(60);
    await until('nothing waits', () => spool.waiting === 0);
    expect(dropped).toEqual([['unfit', 1]]);
  });

  it('does not touch what living processes have, and takes what dead ones left, once', async () => {
    store.mood = 'away';
    const dead = join(root, '0a1b2c3d-00112233445566ff');
    mkdirSync(dead, { recursive: true });
    const begun = sampleBegun();
    const record = sampleRecord();
    writeFileSync(join(dead, '000000000003.log'), frameOf(begunLine(begun) + recordLine(record)));
    const [one, another] = await Promise.all([open(), open()]);
    answer(one, 5);
    answer(another, 5);
    await until('both are written', () => one.waiting === 5 && another.waiting === 5);
    const places = readdirSync(root);
    expect(places).toHaveLength(3);
    expect(places.filter((name) => name.endsWith('.0a1b2c3d-00112233445566ff'))).toHaveLength(1);
    const found = log.filter((line) => line.includes('usage of a dead process found'));
    expect(found).toHaveLength(1);
    store.mood = 'well';
    await all(12);
    expect(store.records.get(begun.id)?.outcome).toBe('lost');
  });

  it.each([
    { what: 'is deleted', spoil: forget, wanted: 3 },
    { what: 'cannot be read for a while', spoil: hinder, wanted: 4 },
  ])('ships what is behind a backlog that $what', async ({ spoil, wanted }) => {
    for (const writer of [1, 2, 3]) leave(writer);
    // A pause that the test does not outlast: whatever takes a file's error for the store's is seen.
    const spool = await open({ pace: { shipEveryMs: 5, pausesMs: [60_000], lookEveryMs: 20 } });
    const found = log.find((line) => line.includes('usage of a dead process found')) ?? '{}';
    const { directory = '' } = JSON.parse(found) as { directory?: string };
    const mend = spoil(directory);
    answer(spool, 1);
    await all(3);
    const told = log.find((line) => line.includes('usage of a dead process not read')) ?? '{}';
    const path = join(directory, '000000000001.log');
    expect(JSON.parse(told)).toMatchObject({ directory, path });
    expect(log.some((line) => line.includes('usage not shipped'))).toBe(false);
    mend();
    await all(wanted);
    await until('nothing is left of it', () => readdirSync(root).length === 1);
  });

  it('takes what dead processes left beside one whose files cannot be read, and that when it can', async () => {
    const [, unreadable = ''] = [1, 2, 3].map(leave);
    const target = join(root, 'not-there-yet');
    rmSync(unreadable);
    symlinkSync(target, unreadable);
    await open();
    await all(2);
    expect(log.some((line) => line.includes('usage of a dead process cannot be read'))).toBe(true);
    writeFileSync(target, frameOf(recordLine(sampleRecord())));
    await all(3);
    await until('it is tidied up', () => !readdirSync(root).some((name) => name.includes('.')));
  });
});
