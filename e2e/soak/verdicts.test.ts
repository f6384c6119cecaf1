import { describe, expect, test } from '@jest/globals';
import { blame, type Strike } from './blame.ts';
import type { SoakResult } from './report.ts';
import type { Outcome } from './traffic.ts';
import { verdicts } from './verdicts.ts';

const at = 1_790_000_000_000;
const outcome = (over: Partial<Outcome> = {}): Outcome => ({
  model: 'soak/a',
  stream: false,
  dueAt: at,
  firstByteMs: 5,
  endedAt: at + 10,
  error: null,
  ...over,
});
const nothing = { surplus: [], forgotten: [], orphans: [], strayEngines: [] };
const good: SoakResult = {
  minutes: 1,
  rate: 2,
  outcomes: Array.from({ length: 120 }, () => outcome()),
  strikes: [],
  directMs: [3],
  handovers: 4,
  intents: 4,
  submitted: 4,
  books: nothing,
  samples: new Map(),
};
const samples = (from: number, to: number) =>
  Array.from({ length: 60 }, (_, index) => ({
    at: at + index * 10_000,
    residentMiB: from + ((to - from) * index) / 59,
    descriptors: 30,
  }));

describe('what keeps a soak from being a good one', () => {
  test('nothing', () => {
    const flat = new Map([['proxy 1', samples(200, 210)]]);
    expect(verdicts({ ...good, samples: flat })).toEqual([]);
  });

  test.each<[string, Partial<SoakResult>, RegExp]>([
    [
      'a request that failed',
      { outcomes: [...good.outcomes, outcome({ error: '502' })] },
      /failed/,
    ],
    ['a load that was not sent', { outcomes: good.outcomes.slice(0, 100) }, /instead of 114/],
    ['too few handovers', { handovers: 2 }, /2 handovers/],
    ['a job without an intent', { books: { ...nothing, surplus: ['wf-x-1'] } }, /surplus: wf-x-1/],
    ['memory that grows', { samples: new Map([['api 2', samples(150, 400)]]) }, /api 2 grew/],
  ])('%s', (_, over, words) => {
    const found = verdicts({ ...good, ...over });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(words);
  });
});

describe('whose fault a failed request is', () => {
  const kill = (plug: Strike['plug']): Strike => ({ plug, kind: 'kill', at: at + 100 });
  const cut = outcome({ stream: true, endedAt: at + 200, error: 'cut' });

  test('that of who carried it and was killed', () => {
    expect(blame(cut, [kill('tunnel')])).toBe('connections of a killed tunnel');
    expect(blame({ ...cut, stream: false }, [kill('proxy')])).toBe('connections of a killed proxy');
  });

  test.each([
    ['a plain request through a tunnel', { ...cut, stream: false }, kill('tunnel')],
    ['one that was over before', { ...cut, endedAt: at + 50 }, kill('proxy')],
    ['one that ended long after', { ...cut, endedAt: at + 10_000 }, kill('proxy')],
    ['somebody who stood still', cut, { ...kill('proxy'), kind: 'stop' as const }],
    ['somebody who carries nothing', cut, kill('scheduler')],
  ])('ours: %s', (_, failed, strike) => {
    expect(blame(failed, [strike])).toBe('us');
  });
});
