import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createTrialBoard } from './trial-board.ts';

const question = { cluster: 'c', shape: 'q=gpu g=1' };
const other = { cluster: 'c', shape: 'q=gpu g=2' };

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

test('of many who want to ask one may, and all are told', async () => {
  const boards = Array.from({ length: 20 }, () => createTrialBoard(fixture.redis));
  const [board = createTrialBoard(fixture.redis)] = boards;
  expect(await board.read(question)).toEqual({ state: 'unasked', trial: null });
  const turns = await Promise.all(boards.map((one) => one.claim(question, 60_000, 60_000)));
  expect(turns.sort()).toEqual([...Array(19).fill('asked'), 'granted']);
  expect(await board.read(question)).toEqual({ state: 'asking', trial: null });
  await board.tell(question, { askedAt: 1, startsAt: 2 }, 60_000);
  for (const one of boards)
    expect(await one.read(question)).toEqual({
      state: 'answered',
      trial: { askedAt: 1, startsAt: 2 },
    });
  expect(await board.claim(question, 60_000, 60_000)).toBe('asked');
  await board.tell(question, null, 60_000);
  expect(await board.read(question)).toEqual({ state: 'answered', trial: null });
});

test('a cluster is asked one thing after the other; what is not asked yet may be asked later', async () => {
  const board = createTrialBoard(fixture.redis);
  expect(await board.claim(question, 60_000, 100)).toBe('granted');
  expect(await board.claim({ ...question, cluster: 'd' }, 60_000, 100)).toBe('granted');
  expect(await board.claim(question, 60_000, 100)).toBe('asked');
  await until(async () => (await board.claim(other, 60_000, 60_000)) === 'granted');
  const third = { cluster: 'c', shape: 'q=gpu g=3' };
  expect(await board.claim(third, 60_000, 60_000)).toBe('later');
  expect(await board.read(third)).toEqual({ state: 'unasked', trial: null });
});

test('who dies keeps nobody from asking for long, and an answer is known until there is another', async () => {
  const board = createTrialBoard(fixture.redis);
  await board.claim(question, 50, 1);
  await until(async () => (await board.claim(question, 60_000, 1)) === 'granted');
  await board.tell(question, { askedAt: 1, startsAt: 2 }, 200);
  await until(async () => (await board.claim(question, 60_000, 1)) === 'granted');
  expect(await board.read(question)).toEqual({
    state: 'asking',
    trial: { askedAt: 1, startsAt: 2 },
  });
});
