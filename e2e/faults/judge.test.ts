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
  const job = (phase: JobRow['phase']) => ({ phase }) as JobRow;
  const row = (...phases: JobRow['phase'][]) => ({ jobs: phases.map(job) }) as unknown as ModelRow;
  const wake: Goal = {
    what: 'awake',
    isReached: ({ jobs }) => jobs.some(({ phase }) => phase === 'ready'),
    request: null,
  };

  test('meets a model on its way', () => {
    expect(struckNothing(wake, row('starting'), 0)).toBeNull();
    expect(struckNothing(wake, row('ready', 'draining'), 0)).toBeNull();
    expect(struckNothing({ ...wake, needsRequests: true }, row('ready'), 1)).toBeNull();
  });

  test('that came too late struck nothing', () => {
    expect(struckNothing(wake, row('ready'), 3)).toBe('struck nothing: awake before');
    expect(struckNothing({ ...wake, needsRequests: true }, row('ready'), 0)).toMatch('nobody');
    expect(struckNothing(wake, null, 1)).toMatch('no such model');
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
