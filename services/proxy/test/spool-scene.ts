import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { createLogger } from '@wakefield/runtime';
import { createUsageSpool, type SpoolOptions, type UsageSpool } from '../src/metering/spool.ts';
import { until } from './harness.ts';
import { type MemoryUsage, memoryUsage, sampleBegun, sampleRecord } from './usage.ts';

/** A directory for spools and a store behind them, new for each test. */
export interface SpoolScene {
  readonly root: string;
  readonly store: MemoryUsage;
  /** What spools say that will never be counted: why, and how many records. */
  readonly dropped: readonly (readonly [string, number])[];
  /** Files that were set aside. */
  readonly setAside: number;
  /** How many lines of the log have these words. */
  told(words: string): number;
  /** The fields of the first of them. */
  firstOf(words: string): Readonly<Record<string, unknown>>;
  /** A spool at work, as quick as the test wants it. */
  open(over?: Partial<SpoolOptions>): Promise<UsageSpool>;
  /** So many records have come to the store, and no more. */
  all(wanted: number): Promise<void>;
}

export function useSpools(): SpoolScene {
  let root = '';
  let store = memoryUsage();
  let dropped: (readonly [string, number])[] = [];
  let log: string[] = [];
  let setAside = 0;
  const spools: UsageSpool[] = [];
  beforeEach(() => {
    root = join(mkdtempSync(join(tmpdir(), 'wakefield-spool-')), 'usage');
    store = memoryUsage();
    dropped = [];
    log = [];
    setAside = 0;
  });
  afterEach(async () => {
    for (const spool of spools.splice(0)) await spool.close(1000);
    rmSync(join(root, '..'), { recursive: true });
  });
  return {
    get root() {
      return root;
    },
    get store() {
      return store;
    },
    get dropped() {
      return dropped;
    },
    get setAside() {
      return setAside;
    },
    told: (words) => log.filter((line) => line.includes(words)).length,
    firstOf: (words) => JSON.parse(log.find((line) => line.includes(words)) ?? '{}'),
    open: async (over = {}) => {
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
        setAside: () => {
          setAside += 1;
        },
        now: Date.now,
        pace: { segmentBytes: 2000, shipEveryMs: 5, pausesMs: [5], lookEveryMs: 20 },
        ...over,
      });
      spools.push(spool);
      await spool.start();
      return spool;
    },
    all: (wanted) => until(`${wanted} records`, () => store.records.size === wanted),
  };
}

/** So many requests come and go. */
export function answer(spool: UsageSpool, count: number): void {
  for (let one = 0; one < count; one += 1) {
    const begun = sampleBegun();
    spool.meter.ended(sampleRecord(begun), spool.meter.begun(begun));
  }
}
