import { describe, expect, test } from '@jest/globals';
import type { RequestRecord } from '../requests/ask.ts';
import type { Strike } from './blame.ts';
import type { Books } from './books.ts';
import { type Convergence, notOursMs } from './convergence.ts';
import {
  cutNothing,
  judgeBooks,
  judgeConvergence,
  judgeRequests,
  promisedMs,
  struckNothing,
} from './judge.ts';
import type { JobRow, ModelRow } from './site.ts';
import type { Goal } from './situations.ts';
import {
  fallsAsleep,
  handsOver,
  type IsUnderWay,
  scales,
  servesSomebody,
  servesWith,
  wakes,
} from './under-way.ts';

const at = 1_790_000_000_000;
const whole: RequestRecord = {
  id: 'r1',
  way: 'stream',
  model: 'm',
  dueAt: at - 1_000,
  answeredAt: at - 500,
  endedAt: at + 100,
  status: 200,
  tokens: 100,
  whole: true,
  error: null,
};
const cut = { ...whole, whole: false, tokens: 3, error: 'cut after 3 of 100 tokens' };
const tunnel: Strike = {
  plug: 'tunnel',
  kind: 'kill',
  cost: 'all streams',
  refuses: 'nothing',
  struckAt: at,
  overAt: at,
  pids: [],
  jobs: [],
};

describe('requests', () => {
  test('that are whole, or whose failure is allowed', () => {
    expect(judgeRequests([whole, cut], [tunnel], new Map(), at)).toEqual({
      problems: [],
      cut: 1,
      requests: 2,
    });
  });

  test('that fail otherwise are told by their ways to fail', () => {
    const plain: RequestRecord = {
      ...cut,
      way: 'plain',
      answeredAt: null,
      status: 502,
      error: 'no',
    };
    expect(judgeRequests([plain, plain, cut], [], new Map(), at).problems).toEqual([
      '2 × plain 502 no (first from -1.0 s to 0.1 s)',
      '1 × stream 200, answered, cut after 3 of 100 tokens (first from -1.0 s to 0.1 s)',
    ]);
  });
});

describe('a model', () => {
  const reached: Convergence = { what: 'ready', totalMs: 12_000, notOursMs: 2_000, last: 'x' };

  test('has ten seconds, without what was not ours', () => {
    expect(judgeConvergence(reached, false)).toEqual([]);
    expect(judgeConvergence({ ...reached, totalMs: 12_001 }, false)).toEqual([
      'ready after 10.0 s',
    ]);
  });

  test('has longer where the demand is not known: after a proxy was killed', () => {
    const slow = { ...reached, totalMs: 27_000 };
    const killed = { plug: 'proxy', kind: 'kill' } as const;
    expect(judgeConvergence(slow, false, promisedMs(killed, 'going idle'))).toEqual([]);
    expect(promisedMs(killed, null)).toBe(25_000);
    expect(promisedMs(killed, 'wake')).toBe(10_000);
    expect(promisedMs({ ...killed, kind: 'stop' }, 'going idle')).toBe(10_000);
    expect(promisedMs(tunnel, 'going idle')).toBe(10_000);
  });

  test('has to come there, and to stay', () => {
    expect(judgeConvergence({ ...reached, totalMs: null }, true)).toEqual([
      'not ready after a minute: x',
    ]);
    expect(judgeConvergence(reached, true)).toEqual(['ready, and then no longer']);
  });

  test.each([
    ['no witness', null, null, 0],
    ['an engine that was never ready', at + 1_000, null, 0],
    ['taken and ready after the fault', at + 2_000, at + 5_000, 3_000],
    ['taken before its end', at - 2_000, at + 5_000, 5_000],
    ['all of it before', at - 2_000, at - 1_000, 0],
  ])('what is not ours: %s', (_, takenAt, engineReadyAt, ms) => {
    expect(notOursMs({ takenAt, engineReadyAt }, at)).toBe(ms);
  });
});

describe('a strike', () => {
  /** `a:ready` is a job with that id in that phase. */
  const row = (...jobs: string[]): ModelRow => ({
    model: 'm',
    idle: false,
    state: 'running',
    replicas: 1,
    reason: null,
    jobs: jobs.map((words) => {
      const [id, phase] = words.split(':');
      return { id, phase } as JobRow;
    }),
  });
  const one = row('a:ready');
  const two = row('a:ready', 'b:ready');
  const afterDrain = row('z:draining', 'a:ready');
  const up = scales(one, 2);
  const down = scales(two, 1);
  const over = handsOver(one.jobs[0]);
  const asleep = fallsAsleep(one);
  const cases: readonly [string, IsUnderWay, string[], number, boolean][] = [
    ['a wake: somebody waits, nothing is written yet', wakes, [], 1, true],
    ['a wake: a job is intended', wakes, ['a:intended'], 1, true],
    ['a wake: its engine loads', wakes, ['a:starting'], 1, true],
    ['a wake: the job before it still ends', wakes, ['z:draining', 'a:queued'], 1, true],
    ['a wake that nobody asked for', wakes, [], 0, false],
    ['a wake that is over', wakes, ['a:ready'], 1, false],

    ['serving', servesSomebody, ['a:ready'], 1, true],
    ['serving nobody', servesSomebody, ['a:ready'], 0, false],
    ['serving: people wait, no engine is there', servesSomebody, ['a:starting'], 2, false],
    ['serving: people wait, there is no job', servesSomebody, [], 2, false],

    ['scaling up: told, nothing done yet', up, ['a:ready'], 1, true],
    ['scaling up: the second one loads', up, ['a:ready', 'b:starting'], 1, true],
    ['scaling up that is over', up, ['a:ready', 'b:ready'], 1, false],
    ['scaling up that is broken', up, [], 1, false],
    ['scaling up from nothing', up, ['b:intended', 'c:intended'], 1, false],
    ['scaling down: told, nothing done yet', down, ['a:ready', 'b:ready'], 1, true],
    ['scaling down: one drains', down, ['a:draining', 'b:ready'], 1, true],
    ['scaling down that is over', down, ['b:ready'], 1, false],
    ['scaling down that is over, an older job drains', down, ['z:draining', 'b:ready'], 1, false],
    ['scaling down that is broken', down, ['a:draining'], 1, false],

    ['a handover: the successor is due', over, ['a:ready'], 1, true],
    ['a handover: the successor is on its way', over, ['a:ready', 'b:queued'], 1, true],
    ['a handover: the predecessor drains', over, ['a:draining', 'b:ready'], 1, true],
    ['a handover without a successor', over, ['a:draining'], 1, false],
    ['a handover to one that drains, too', over, ['a:draining', 'z:draining'], 1, false],
    ['a handover that is over', over, ['b:ready'], 1, false],
    ['a handover that is broken', over, [], 1, false],
    ['a handover whose predecessor died', over, ['b:starting'], 1, false],
    ['a handover from nobody', handsOver(undefined), ['a:ready'], 1, false],

    ['going idle: it is time', asleep, ['a:ready'], 0, true],
    ['going idle: it drains', asleep, ['a:draining'], 0, true],
    ['going idle that is over', asleep, [], 0, false],
    ['going idle, and woken again', asleep, ['a:draining', 'b:starting'], 0, false],
    ['going idle: an older one drains', fallsAsleep(afterDrain), ['z:draining'], 0, false],
  ];

  test.each(cases)('%s', (_, isUnderWay, jobs, requests, is) => {
    expect(isUnderWay(row(...jobs), requests)).toBe(is);
  });

  const goal: Goal = {
    what: 'awake',
    isReached: servesWith(1),
    isUnderWay: wakes,
    request: null,
  };
  const serving: Goal = { ...goal, needsRequests: true, isUnderWay: servesSomebody };

  test('in the middle is none that struck nothing', () => {
    expect(struckNothing(goal, row('a:starting'), 1)).toBeNull();
    expect(struckNothing(serving, one, 1)).toBeNull();
  });

  test('that struck nothing says why', () => {
    expect(struckNothing(goal, null, 1)).toMatch('no such model');
    expect(struckNothing(goal, one, 3)).toBe('struck nothing: awake before');
    expect(struckNothing(goal, row(), 0)).toBe(
      'struck nothing: not on its way to awake with no job',
    );
    expect(struckNothing(serving, one, 0)).toMatch('nobody');
    expect(struckNothing(serving, row('a:draining'), 1)).toMatch('with draining');
  });
});

test('a strike that ends streams has to end one', () => {
  expect(cutNothing(tunnel, 3, 0)).toBe('struck nothing: no stream ended');
  expect(cutNothing(tunnel, 3, 1)).toBeNull();
  expect(cutNothing(tunnel, 0, 0)).toBeNull();
  expect(cutNothing({ ...tunnel, kind: 'stop' }, 3, 0)).toBeNull();
  expect(cutNothing({ ...tunnel, cost: 'its connections' }, 3, 0)).toBeNull();
});

describe('books', () => {
  const none: Books = { surplus: [], doubled: [], forgotten: [], orphans: [], strayEngines: [] };
  const slow: Convergence = { what: '', totalMs: 9_000, notOursMs: 3_000, last: '' };

  test('have ten seconds and a drain, and what others took', () => {
    expect(judgeBooks({ books: none, at: at + 19_000 }, at, [slow])).toEqual([]);
    expect(judgeBooks({ books: none, at: at + 19_001 }, at, [slow])).toEqual([
      'at rest after 19.0 s',
    ]);
    expect(judgeBooks({ books: none, at: at + 16_001 }, at, [])).toHaveLength(1);
  });

  test('are told with what they have too much or too little', () => {
    const books = { ...none, doubled: ['a as 1 and 2'], forgotten: ['b'] };
    expect(judgeBooks({ books, at: null }, at, [])).toEqual([
      'doubled: a as 1 and 2',
      'forgotten: b',
      'not at rest in time',
    ]);
  });
});
