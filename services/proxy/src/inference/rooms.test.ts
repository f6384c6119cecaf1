import { expect, it } from '@jest/globals';
import { createBodyRoom } from './body-room.ts';
import { createHoldRoom, type Held } from './hold-room.ts';

const held = (project: string, principal = 'a'): Held => ({
  project,
  principal,
  weight: 1,
  cost: 1,
  modelId: `model of ${project}`,
  look: () => undefined,
  tick: () => undefined,
});

it('keeps room for those who wait in another project', () => {
  const room = createHoldRoom({ perModel: { model: 100, place: 100 }, perProcess: 10 });
  const greedy = Array.from({ length: 10 }, () => held('greedy'));
  const refusals = greedy.map((one) => room.enter(one, 'model'));
  expect(refusals.filter((refusal) => refusal === null)).toHaveLength(8);
  expect(refusals.at(-1)).toBe('project_full');
  expect(room.enter(held('modest'), 'model')).toBeNull();
  for (const one of greedy) room.leave(one, false);
  expect(room.size).toBe(1);
  expect(room.enter(held('greedy'), 'model')).toBeNull();
});

it('keeps room for those of another principal who wait for places, and serves them in turn', () => {
  const room = createHoldRoom({ perModel: { model: 1, place: 10 }, perProcess: 100 });
  const order: string[] = [];
  const waiting = (principal: string): Held => ({
    ...held('p', principal),
    look: () => order.push(principal),
  });
  const refusals = Array.from({ length: 10 }, () => room.enter(waiting('greedy'), 'place'));
  expect(refusals.filter((refusal) => refusal === null)).toHaveLength(8);
  expect(refusals.at(-1)).toBe('principal_full');
  const modest = waiting('modest');
  expect(room.enter(modest, 'place')).toBeNull();
  room.kickAll();
  expect(order.slice(0, 2)).toEqual(['greedy', 'modest']);
  const first = room.first('model of p');
  if (first !== null) room.leave(first, true);
  expect(room.first('model of p')).toBe(modest);
});

it('keeps room for bodies of another project', () => {
  const room = createBodyRoom(1000);
  const greedy = room.shareOf('greedy');
  let got = 0;
  while (greedy.take(10)) got += 10;
  expect(got).toBe(800);
  expect(room.shareOf('modest').take(150)).toBe(true);
  greedy.give(got);
  expect(room.taken).toBe(150);
  expect(room.shareOf('greedy').take(10)).toBe(true);
});
