import { describe, expect, it } from '@jest/globals';
import type { AppError } from '@wakefield/domain';
import { asleep } from '../../test/world.ts';
import type { ExchangeView } from './exchange-view.ts';
import { Wait } from './wait.ts';

const route = asleep('a/b');
const nothing = () => undefined;

/** A request that may wait 300 s for its model, and 10 s for a place. */
function waiting(prefer?: string) {
  let now = 0;
  const refusals: AppError[] = [];
  const view = {
    parts: {
      clock: { now: () => now, elapsed: () => now },
      limits: { holdMs: 300_000, placeMs: 10_000 },
      rateLimits: { weightOf: () => 1 },
      holds: { enter: () => null, leave: nothing },
      demand: { hold: nothing, release: nothing, queue: nothing, unqueue: nothing, touch: nothing },
      wakes: { poke: nothing },
    },
    call: { project: 'demo', client: { header: () => prefer } },
    record: { caller: 'me', waited: nothing },
    asked: { streamed: false },
    route: () => route,
    refuse: (error: AppError) => refusals.push(error),
  } as unknown as ExchangeView;
  const wait = new Wait(view, 10);
  const pass = (seconds: number) => {
    now += seconds * 1000;
    wait.tick(now);
  };
  return { wait, pass, refused: () => refusals.map(({ code, message }) => [code, message]) };
}

const noPlace = (seconds: number) => [
  ['overloaded', `The engines of this model are full for ${seconds} s now.`],
];

describe('a request that waits', () => {
  it('has as long for a place as any, however long its model took to come', () => {
    const { wait, pass, refused } = waiting();
    wait.stay(route, 'model');
    pass(200);
    wait.stay(route, 'place');
    pass(9.9);
    expect(refused()).toEqual([]);
    pass(0.1);
    expect(refused()).toEqual(noPlace(10));
  });

  it('has as long for its model as any, however long it has waited for a place', () => {
    const { wait, pass, refused } = waiting();
    wait.stay(route, 'place');
    pass(9);
    wait.leave('served');
    wait.stay(route, 'model');
    pass(299);
    expect(refused()).toEqual([]);
    pass(1);
    expect(refused()).toMatchObject([['model_loading', expect.any(String)]]);
  });

  it('has no more of either when it comes to wait for it again', () => {
    const { wait, pass, refused } = waiting();
    wait.stay(route, 'place');
    pass(6);
    wait.stay(route, 'model');
    pass(100);
    wait.stay(route, 'place');
    pass(3.9);
    expect(refused()).toEqual([]);
    pass(0.1);
    expect(refused()).toEqual(noPlace(10));
    wait.stay(route, 'place');
    expect(refused()).toHaveLength(2);
  });

  it('is as patient as its client says, over all of it', () => {
    const { wait, pass, refused } = waiting('wait=12');
    wait.stay(route, 'model');
    pass(7);
    wait.stay(route, 'place');
    pass(4.9);
    expect(refused()).toEqual([]);
    pass(0.1);
    expect(refused()).toEqual(noPlace(5));
  });

  it('is refused at once where its client does not want to wait', () => {
    const { wait, refused } = waiting('wait=0');
    wait.stay(route, 'place');
    expect(refused()).toEqual([['overloaded', 'The engines of this model are full.']]);
  });
});
