import { expect, it } from '@jest/globals';
import { createBodyRoom } from './body-room.ts';
import { createHoldRoom, type Held } from './hold-room.ts';

const held = (project: string): Held => ({
  project,
  modelId: `model of ${project}`,
  look: () => undefined,
  tick: () => undefined,
});

it('keeps room for those who wait in another project', () => {
  const room = createHoldRoom({ perModel: 100, perProcess: 10 });
  const greedy = Array.from({ length: 10 }, () => held('greedy'));
  const refusals = greedy.map((one) => room.enter(one));
  expect(refusals.filter((refusal) => refusal === null)).toHaveLength(8);
  expect(refusals.at(-1)).toBe('project_full');
  expect(room.enter(held('modest'))).toBeNull();
  for (const one of greedy) room.leave(one);
  expect(room.size).toBe(1);
  expect(room.enter(held('greedy'))).toBeNull();
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
