import { describe, expect, test } from '@jest/globals';
import type { RequestRecord } from '../requests/ask.ts';
import type { SoakResult } from './report.ts';
import { verdicts } from './verdicts.ts';

const at = 1_790_000_000_000;
const record = (over: Partial<RequestRecord> = {}): RequestRecord => ({
  id: 'r1',
  way: 'plain',
  model: 'soak/a',
  dueAt: at,
  answeredAt: at + 5,
  endedAt: at + 10,
  status: 200,
  tokens: 2,
  whole: true,
  error: null,
  ...over,
});
const nothing = { surplus: [], doubled: [], forgotten: [], orphans: [], strayEngines: [] };
const good: SoakResult = {
  minutes: 1,
  rate: 2,
  records: Array.from({ length: 120 }, () => record()),
  lateMs: [1],
  strikes: [],
  servedBy: new Map(),
  directMs: [3],
  handovers: 4,
  intents: 4,
  taken: 4,
  books: nothing,
  left: [],
  samples: new Map(),
};
/** With one sample in ten that is far off: a collection has not run yet. */
const samples = (from: number, to: number, descriptors = 30) =>
  Array.from({ length: 120 }, (_, index) => ({
    residentMiB: 300,
    heldMiB: from + ((to - from) * index) / 119 + (index % 10 === 9 ? 60 : 0),
    descriptors: 30 + ((descriptors - 30) * index) / 119,
  }));

describe('what keeps a soak from being a good one', () => {
  test('nothing', () => {
    const flat = new Map([['proxy 1', samples(200, 210)]]);
    expect(verdicts({ ...good, samples: flat })).toEqual([]);
  });

  test('nothing, though a fault near the end let a process hold more for a while', () => {
    const spiky = samples(200, 200).map((sample, index) =>
      index > 90 && index < 110 ? { ...sample, heldMiB: 400, descriptors: 1_200 } : sample,
    );
    expect(verdicts({ ...good, samples: new Map([['proxy 1', spiky]]) })).toEqual([]);
  });

  test('nothing, though most connections went to the other proxy after a death', () => {
    const taken = samples(200, 200, 80);
    expect(verdicts({ ...good, samples: new Map([['proxy 1', taken]]) })).toEqual([]);
  });

  test.each<[string, Partial<SoakResult>, RegExp]>([
    [
      'a request that failed',
      { records: [...good.records, record({ status: 502, whole: false, error: '502' })] },
      /failed/,
    ],
    ['a load that was not sent', { records: good.records.slice(0, 100) }, /instead of 114/],
    ['too few handovers', { handovers: 2 }, /2 handovers/],
    ['a job without an intent', { books: { ...nothing, surplus: ['wf-x-1'] } }, /surplus: wf-x-1/],
    [
      'a job that was doubled',
      { books: { ...nothing, doubled: ['wf-x-1 as 1 and 2'] } },
      /doubled/,
    ],
    ['what is left behind', { left: ['keys: x 0 → 1'] }, /left: keys/],
    ['sockets and files that grow', { left: ['descriptors: proxy 62 → 90'] }, /proxy 62 → 90/],
    [
      'memory that grows',
      { samples: new Map([['api 2', samples(150, 240)]]) },
      /api 2 grew .* MiB/,
    ],
  ])('%s', (_, over, words) => {
    const found = verdicts({ ...good, ...over });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(words);
  });
});
