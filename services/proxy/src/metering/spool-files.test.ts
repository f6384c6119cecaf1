import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { answer, useSpools } from '../../test/spool-scene.ts';
import { sampleBegun, sampleRecord } from '../../test/usage.ts';
import { frameOf } from './frames.ts';
import { begunLine, recordLine } from './lines.ts';
import type { UsageSpool } from './spool.ts';
import type { TurnWriter } from './turn-writer.ts';

const scene = useSpools();
const unread = 'a file of the usage spool cannot be read';
const putAside = 'a file of the usage spool is set aside';
/** A pause that no test outlasts: whatever takes a file's error for the store's is seen. */
const pausesMs = [60_000];
const pace = { segmentBytes: 2000, shipEveryMs: 5, pausesMs, lookEveryMs: 20 };
/** Looks enough for a file to come back in between. */
const slowPace = { ...pace, lookEveryMs: 300 };
const aside = () => readdirSync(scene.root).filter((name) => name.startsWith('unreadable-'));

/** Files of a process of another machine, which is dead. @returns where they are */
function leave(writer: number, ...texts: readonly string[]): string {
  const directory = join(scene.root, `0a1b2c3d-${String(writer).padStart(16, '0')}`);
  mkdirSync(directory, { recursive: true });
  for (const [index, text] of texts.entries())
    writeFileSync(pathOf(directory, index + 1), frameOf(text));
  return directory;
}

const pathOf = (directory: string, number: number) =>
  join(directory, `${String(number).padStart(12, '0')}.log`);
const one = () => recordLine(sampleRecord());

/** It cannot be read: EISDIR. @returns undoes that */
function hinder(path: string): () => void {
  const elsewhere = join(scene.root, 'elsewhere');
  renameSync(path, elsewhere);
  mkdirSync(path);
  return () => {
    rmdirSync(path);
    renameSync(elsewhere, path);
  };
}

const directoryFound = () => String(scene.firstOf('usage of a dead process found').directory);
const tidy = () =>
  until(
    'it is tidied up',
    () => !readdirSync(scene.root).some((name) => /^[0-9a-f]+-[0-9a-f]+\./.test(name)),
  );

describe('files of dead processes', () => {
  it('that were deleted keep nobody from those behind them', async () => {
    for (const writer of [1, 2, 3]) leave(writer, one());
    const spool = await scene.open({ pace });
    rmSync(directoryFound(), { recursive: true });
    answer(spool, 1);
    await scene.all(3);
    const path = pathOf(directoryFound(), 1);
    expect(scene.firstOf(unread)).toMatchObject({ directory: directoryFound(), path });
    expect(scene.told('usage not shipped')).toBe(0);
    await until('nothing is left of it', () => readdirSync(scene.root).length === 1);
    expect(scene.setAside).toBe(0);
  });

  it('that cannot be read for a while keep nobody waiting, and are counted when they can', async () => {
    const begun = sampleBegun();
    const ended = sampleBegun();
    leave(
      1,
      begunLine(begun) + begunLine(ended),
      recordLine(sampleRecord(ended)) + one(),
      begunLine(begun),
    );
    leave(2, one());
    const spool = await scene.open({ pace: slowPace });
    const mend = hinder(pathOf(directoryFound(), 2));
    answer(spool, 1);
    await scene.all(2);
    // Nobody can tell yet what was lost.
    expect(scene.store.records.has(begun.id)).toBe(false);
    mend();
    await scene.all(5);
    expect(scene.store.records.get(begun.id)?.outcome).toBe('lost');
    expect(scene.store.records.get(ended.id)?.outcome).toBe('complete');
    expect([scene.told(unread), scene.told('usage not shipped'), scene.setAside]).toEqual([
      1, 0, 0,
    ]);
    await tidy();
  });

  it('that never can be read are set aside, with a word and a figure, and those behind them go on', async () => {
    leave(1, one(), one(), one());
    await scene.open({ pace });
    const path = pathOf(directoryFound(), 2);
    hinder(path);
    await scene.all(2);
    await tidy();
    expect(aside()).toEqual([expect.stringMatching(/^unreadable-.*-000000000002\.log$/)]);
    expect([scene.told(unread), scene.told(putAside), scene.setAside]).toEqual([1, 1, 1]);
    expect(scene.firstOf(putAside)).toMatchObject({ path, to: join(scene.root, aside()[0] ?? '') });
    // As docs/usage.md tells: once it can be read it is put where another dead process would have left it.
    const again = join(scene.root, '00000000-0000000000000001');
    mkdirSync(again);
    renameSync(join(scene.root, 'elsewhere'), pathOf(again, 1));
    await scene.all(3);
  });

  it('whose size nobody can tell are no different', async () => {
    const directory = leave(1, one(), one(), one());
    rmSync(pathOf(directory, 1));
    symlinkSync('000000000001.log', pathOf(directory, 1));
    await scene.open({ pace });
    await scene.all(2);
    await tidy();
    expect([aside().length, scene.setAside]).toEqual([1, 1]);
  });

  it('are taken beside one that is not there yet, and that when it is', async () => {
    const [, directory = ''] = [1, 2, 3].map((writer) => leave(writer, one()));
    const target = join(scene.root, 'not-there-yet');
    rmSync(pathOf(directory, 1));
    symlinkSync(target, pathOf(directory, 1));
    await scene.open();
    await scene.all(2);
    expect(scene.told('usage of a dead process cannot be read')).toBeGreaterThan(0);
    writeFileSync(target, frameOf(one()));
    await scene.all(3);
    await tidy();
  });

  it('that no store takes keep nobody from counting what is', async () => {
    const bad = sampleRecord();
    leave(1, recordLine(bad));
    const { store } = scene;
    const picky: typeof store.add = async (batch) => {
      if (batch.some(({ id }) => id === bad.id)) throw new Error('the statement takes too long');
      return await store.add(batch);
    };
    const spool = await scene.open({ pace, store: { add: picky } });
    await until('it has tried', () => scene.told('usage not shipped') === 1);
    for (let wanted = 1; wanted <= 3; wanted += 1) {
      answer(spool, 1);
      await scene.all(wanted);
    }
  });
});

describe('a file of its own', () => {
  /** At once: nothing has been read of it. */
  const write = (spool: UsageSpool, count: number) => {
    answer(spool, count);
    (spool.meter as TurnWriter).flush();
  };

  it('that cannot be read is set aside, and what is behind it goes on', async () => {
    const spool = await scene.open({ pace });
    const [home = ''] = readdirSync(scene.root);
    write(spool, 3);
    hinder(pathOf(join(scene.root, home), 1));
    await until('it is set aside', () => scene.setAside === 1);
    expect(scene.dropped).toEqual([['disk', 3]]);
    expect([scene.told(unread), scene.told(putAside)]).toEqual([1, 1]);
    expect(aside()).toEqual([`unreadable-${home}-000000000001.log`]);
    answer(spool, 2);
    await scene.all(2);
    await until('nothing waits', () => spool.waiting === 0 && spool.waitingSince === null);
    expect(existsSync(join(scene.root, home))).toBe(true);
  });

  it('that cannot be read for a while is read again', async () => {
    const spool = await scene.open({ pace: slowPace });
    const [home = ''] = readdirSync(scene.root);
    write(spool, 3);
    const mend = hinder(pathOf(join(scene.root, home), 1));
    await until('it was tried', () => scene.told(unread) === 1);
    mend();
    await scene.all(3);
    expect([scene.dropped, scene.setAside]).toEqual([[], 0]);
  });
});
