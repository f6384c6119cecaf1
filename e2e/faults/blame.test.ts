import { describe, expect, test } from '@jest/globals';
import type { RequestRecord } from '../requests/ask.ts';
import { blame, isAllowed, type ServedBy, type Strike } from './blame.ts';

const at = 1_790_000_000_000;
/** A stream that was cut in the middle of its answer by a fault at `at`. */
const cut: RequestRecord = {
  id: 'r1',
  way: 'stream',
  model: 'm',
  dueAt: at - 1_000,
  answeredAt: at - 500,
  endedAt: at + 200,
  status: 200,
  tokens: 20,
  whole: false,
  error: 'cut after 20 of 100 tokens',
};
const broken: RequestRecord = { ...cut, way: 'plain', answeredAt: null, status: 0, tokens: 0 };
const strikeOf = (over: Partial<Strike>): Strike => ({
  plug: 'somebody',
  kind: 'kill',
  cost: 'nothing',
  refuses: 'nothing',
  struckAt: at,
  overAt: at + 1_000,
  pids: [7],
  jobs: ['j1'],
  ...over,
});
const engine = strikeOf({ cost: 'its streams' });
const tunnel = strikeOf({ cost: 'all streams' });
const proxy = strikeOf({ cost: 'its connections' });
const served: ServedBy = new Map([['r1', { pid: 8, jobId: 'j1' }]]);
const nobody: ServedBy = new Map();

describe('allowed', () => {
  test.each<[string, RequestRecord, Strike, ServedBy]>([
    ['a stream of the very engine', cut, engine, served],
    ['a stream through the tunnel', cut, tunnel, served],
    ['a stream of a killed proxy', cut, proxy, nobody],
    ['a plain request of a killed proxy', broken, proxy, nobody],
    ['a look at a model through it', { ...broken, way: 'look' }, proxy, nobody],
    [
      'one that the killed proxy still wrote down',
      cut,
      proxy,
      new Map([['r1', { pid: 7, jobId: 'j1' }]]),
    ],
    [
      'a change that a killed api had taken on',
      { ...broken, way: 'change', status: 502 },
      strikeOf({ refuses: 'its changes' }),
      nobody,
    ],
    [
      'a look without the store',
      { ...broken, way: 'look', status: 503, endedAt: at + 9_000 },
      strikeOf({ refuses: 'everything' }),
      nobody,
    ],
  ])('%s', (_, record, strike, servedBy) => {
    expect(isAllowed(record, strike, servedBy)).toBe(true);
  });
});

describe('not allowed', () => {
  test.each<[string, RequestRecord, Strike, ServedBy]>([
    ['anything, where nothing is to be lost', cut, strikeOf({}), served],
    ['what was over before', { ...cut, endedAt: at - 1 }, tunnel, served],
    ['a stream of another engine', cut, { ...engine, jobs: ['j2'] }, served],
    ['a stream of which nobody knows the engine', cut, engine, nobody],
    ['a stream that is refused', { ...cut, status: 502 }, engine, served],
    ['a stream without a first token', { ...cut, answeredAt: null }, engine, served],
    ['a stream that began to answer afterwards', { ...cut, answeredAt: at + 600 }, engine, served],
    ['a stream that is cut much later', { ...cut, endedAt: at + 3_100 }, engine, served],
    ['a plain request', { ...cut, way: 'plain' }, engine, served],
    ['a plain request through the tunnel', { ...cut, way: 'plain' }, tunnel, served],
    [
      'a stream that the silence of a tunnel ends',
      { ...cut, endedAt: at + 19_900 },
      { ...tunnel, kind: 'stop' },
      served,
    ],
    ['a request of the other proxy', cut, proxy, served],
    ['a 502 of a killed proxy', { ...broken, status: 502 }, proxy, nobody],
    ['what was sent after the kill', { ...broken, dueAt: at + 600 }, proxy, nobody],
    ['what broke long after the kill', { ...broken, endedAt: at + 3_100 }, proxy, nobody],
    [
      'a look at a killed api',
      { ...broken, way: 'look', status: 502 },
      strikeOf({ refuses: 'its changes' }),
      nobody,
    ],
    [
      'a change long after it',
      { ...broken, way: 'change', status: 502, endedAt: at + 5_000 },
      strikeOf({ refuses: 'its changes' }),
      nobody,
    ],
    [
      'a chat without the store',
      { ...broken, status: 503 },
      strikeOf({ refuses: 'everything' }),
      nobody,
    ],
    [
      'a 500 without the store',
      { ...broken, way: 'look', status: 500 },
      strikeOf({ refuses: 'everything' }),
      nobody,
    ],
    [
      'a look long after the store is back',
      { ...broken, way: 'look', status: 503, endedAt: at + 11_100 },
      strikeOf({ refuses: 'everything' }),
      nobody,
    ],
  ])('%s', (_, record, strike, servedBy) => {
    expect(isAllowed(record, strike, servedBy)).toBe(false);
  });
});

test('the blame is one of several faults’, or ours', () => {
  expect(blame(cut, [strikeOf({}), { ...tunnel, plug: 'tunnel' }], served)).toBe(
    'all streams of tunnel',
  );
  expect(blame({ ...cut, status: 502 }, [tunnel, engine, proxy], served)).toBeNull();
});
