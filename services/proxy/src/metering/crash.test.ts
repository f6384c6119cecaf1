import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@wakefield/runtime';
import fc from 'fast-check';
import { memoryUsage, sampleBegun, sampleRecord } from '../../test/usage.ts';
import { Backlog } from './backlog.ts';
import type { Begun } from './lines.ts';
import type { OpenLine } from './meter.ts';
import { SegmentWriter } from './segment-writer.ts';
import { type Destination, shipSegment } from './shipping.ts';
import { TurnWriter } from './turn-writer.ts';
import { UnreadFiles } from './unread-files.ts';

const root = mkdtempSync(join(tmpdir(), 'wakefield-spool-'));
afterAll(() => rmSync(root, { recursive: true }));
let places = 0;

/** What a process does, without the process: it can be left at any moment. */
function openWriter(segmentBytes: number) {
  places += 1;
  const directory = join(root, String(places));
  mkdirSync(directory);
  const store = memoryUsage();
  const meter = new TurnWriter(() => undefined);
  const { carried } = meter;
  const now = () => 1;
  const writer = new SegmentWriter({ directory, segmentBytes, maxBytes: 1e9, now, carried });
  meter.writer = writer;
  const to: Destination = {
    store,
    shipped: () => undefined,
    unfit: () => undefined,
    damaged: (path) => {
      throw new Error(`damaged: ${path}`);
    },
    begun: () => undefined,
    ended: () => undefined,
  };
  return { directory, store, meter, writer, to };
}

/** Everything can be read. */
const nothingUnread = new UnreadFiles({
  root,
  logger: createLogger({ service: 'proxy', level: 'error' }),
  setAside: () => {
    throw new Error('a file was set aside');
  },
});
const shipAll = (backlog: Backlog, to: Destination) =>
  backlog.ship({ to, unread: nothingUnread, between: async () => undefined });

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('begin' as const), which: fc.nat() }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat() }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('rotate' as const), which: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('ship' as const), which: fc.nat(9) }) },
  ),
  { maxLength: 120 },
);

/** A process at work, and what it can be held to: what was written by the end of a turn. */
class Life {
  readonly written = new Map<string, 'lost' | 'complete'>();
  readonly #made: ReturnType<typeof openWriter>;
  readonly #open: { readonly begun: Begun; readonly open: OpenLine }[] = [];
  readonly #turn: (readonly [string, 'lost' | 'complete'])[] = [];

  constructor(made: ReturnType<typeof openWriter>) {
    this.#made = made;
  }

  begin(): void {
    const begun = sampleBegun();
    this.#open.push({ begun, open: this.#made.meter.begun(begun) });
    this.#turn.push([begun.id, 'lost']);
  }

  end(which: number): void {
    const [one] = this.#open.splice(which % Math.max(1, this.#open.length), 1);
    if (one === undefined) return;
    const { begun, open } = one;
    this.#made.meter.ended(sampleRecord(begun), open);
    this.#turn.push([begun.id, 'complete']);
  }

  turn(): void {
    this.#made.meter.flush();
    for (const [id, outcome] of this.#turn.splice(0)) this.written.set(id, outcome);
  }

  rotate(): void {
    this.turn();
    this.#made.meter.rotate();
  }

  /** Some of the segments: it dies between any two, too. */
  async ship(count: number): Promise<void> {
    this.turn();
    const { writer, to } = this.#made;
    for (const segment of writer.segments.slice(0, count)) {
      await shipSegment(segment, to);
      if (segment.closed) writer.remove(segment);
    }
  }
}

describe('whatever a process had done when it died', () => {
  it('every request of which a line was written is counted once, and as it ended', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 2000 }), async (todo, segmentBytes) => {
        const made = openWriter(segmentBytes);
        const life = new Life(made);
        for (const { kind, which } of todo) await life[kind](which);
        // Here it dies. What it had in memory is gone.
        made.meter.writer = null;
        expect(await shipAll(new Backlog(made.directory), made.to)).toBe(true);
        const { records } = made.store;
        expect(new Map([...records].map(([id, { outcome }]) => [id, outcome]))).toEqual(
          life.written,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('and wherever its last write was torn, those before it are', async () => {
    const { directory, store, meter, to } = openWriter(1e6);
    const requests = Array.from({ length: 5 }, () => sampleBegun());
    for (const begun of requests) {
      const open = meter.begun(begun);
      meter.flush();
      meter.ended(sampleRecord(begun), open);
      meter.flush();
    }
    const [name = ''] = readdirSync(directory);
    const bytes = readFileSync(join(directory, name));
    for (let length = 0; length <= bytes.length; length += 7) {
      places += 1;
      const copy = join(root, String(places));
      mkdirSync(copy);
      writeFileSync(join(copy, name), bytes);
      truncateSync(join(copy, name), length);
      store.records.clear();
      const damaged: number[] = [];
      const heard = { ...to, damaged: (_path: string, count: number) => damaged.push(count) };
      await shipAll(new Backlog(copy), heard);
      const outcomes = requests.map(({ id }) => store.records.get(id)?.outcome);
      const whole = outcomes.filter((outcome) => outcome === 'complete').length;
      const known = outcomes.filter((outcome) => outcome !== undefined).length;
      expect(outcomes).toEqual([
        ...Array(whole).fill('complete'),
        ...Array(known - whole).fill('lost'),
        ...Array(5 - known).fill(undefined),
      ]);
      expect(known - whole).toBeLessThanOrEqual(1);
      expect(damaged.length).toBeLessThanOrEqual(1);
    }
  });

  it.each(['away', 'unheard'] as const)(
    'nothing of it is counted twice or forgotten by a store that is %s for a while',
    async (mood) => {
      const { directory, store, meter, to } = openWriter(500);
      const requests = Array.from({ length: 40 }, () => sampleBegun());
      for (const begun of requests) {
        const open = meter.begun(begun);
        meter.flush();
        if (begun !== requests[20]) meter.ended(sampleRecord(begun), open);
        meter.flush();
      }
      expect(readdirSync(directory).length).toBeGreaterThan(5);
      const backlog = new Backlog(directory);
      store.mood = mood;
      for (let round = 0; round < 3; round += 1) {
        await expect(shipAll(backlog, to)).rejects.toThrow('away');
      }
      store.mood = 'well';
      await shipAll(backlog, to);
      expect(store.records.size).toBe(40);
      expect(store.records.get(requests[20]?.id ?? '')?.outcome).toBe('lost');
    },
  );
});
