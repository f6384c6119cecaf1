import { describe, expect, it } from '@jest/globals';
import type { Endpoint, JobId, ModelId } from '@wakefield/domain';
import { asleep, endpoint } from '../../test/world.ts';
import { createHoldRoom, type Held } from './hold-room.ts';
import { createPlaces } from './places.ts';
import { createSuspects } from './suspects.ts';

/** One model with two engines that take two each, in a proxy of so many. */
function setUp(proxies = 1) {
  const endpoints = ['a', 'b'].map((jobId) => ({ ...endpoint(1, jobId), capacity: 2 }));
  const route = { ...asleep('m/m'), endpoints };
  const running = new Map<JobId, number>();
  const elsewhere = new Map<JobId, number>();
  const wanted: ModelId[] = [];
  let elapsed = 1000;
  const suspects = createSuspects(
    () => elapsed,
    () => undefined,
  );
  const served: string[] = [];
  let queued = 0;
  const holds = createHoldRoom({ perModel: { model: 9, place: 99 }, perProcess: 99 });
  const places = createPlaces({
    demand: { runningOn: (jobId) => running.get(jobId) ?? 0, queued: () => queued },
    holds,
    suspects,
    elsewhere: {
      on: (jobId) => elsewhere.get(jobId) ?? 0,
      want: (modelId) => wanted.push(modelId),
    },
    routeOf: (modelId) => (modelId === route.modelId ? route : null),
    rule: { surplus: 1, proxies },
  });
  const [first, second] = endpoints;
  if (first === undefined || second === undefined) throw new Error('no endpoint');
  const eject = (which: Endpoint) => {
    for (let count = 0; count < 5; count += 1) suspects.failed(which, elapsed);
  };
  const mustWait = (
    tried: ReadonlyMap<JobId, unknown> | null = null,
    isWaiting = false,
    to = first,
  ) => places.mustWait(route, to, tried, isWaiting);
  const waits = (name: string, jobs: readonly JobId[] = ['a', 'b'], principal = name): Held => {
    const held: Held = {
      ...{ principal, weight: 1, cost: 1, project: 'demo', modelId: route.modelId },
      look: () => {
        const job = jobs.find((jobId) => (running.get(jobId) ?? 0) < 2);
        if (job === undefined) return;
        running.set(job, (running.get(job) ?? 0) + 1);
        served.push(name);
        queued -= 1;
        holds.leave(held, true);
      },
      tick: () => undefined,
    };
    queued += 1;
    holds.enter(held, 'place');
    return held;
  };
  const fill = (a: number, b: number) => {
    running.set('a', a);
    running.set('b', b);
  };
  return {
    ...{ places, route, first, second, fill, mustWait, waits, served, elsewhere, wanted },
    mark: (which: Endpoint) => suspects.mark(which, false, elapsed),
    eject,
    pass: (ms: number) => {
      elapsed += ms;
    },
  };
}

describe('a request waits for a place', () => {
  it('where all engines that it could go to are full, and not before', () => {
    const { fill, mustWait, mark, second, pass } = setUp();
    fill(1, 2);
    expect(mustWait()).toBe(false);
    // It is sent where it was to go, as long as there is room anywhere.
    fill(2, 1);
    expect(mustWait()).toBe(false);
    fill(2, 2);
    expect(mustWait()).toBe(true);
    fill(2, 0);
    expect(mustWait(new Map([['b', null]]))).toBe(true);
    mark(second);
    expect(mustWait()).toBe(true);
    pass(500);
    expect(mustWait()).toBe(false);
  });

  it('where those that are left of an ejected one are full, until it is tried again', () => {
    const { places, route, fill, mustWait, eject, second, pass } = setUp();
    eject(second);
    fill(1, 0);
    expect(mustWait()).toBe(false);
    fill(2, 0);
    expect(mustWait()).toBe(true);
    expect(places.isFull(route)).toBe(true);
    pass(5000);
    expect(mustWait()).toBe(false);
    expect(places.isFull(route)).toBe(false);
  });

  it('not where an ejected one is all that it could go to, or so many are that the requests are to blame', () => {
    const { fill, mustWait, mark, eject, first, second } = setUp();
    eject(second);
    fill(2, 0);
    expect(mustWait(new Map([['a', null]]), true, second)).toBe(false);
    mark(first);
    expect(mustWait()).toBe(false);
    fill(2, 2);
    expect(mustWait()).toBe(true);
    const both = setUp();
    both.eject(both.first);
    both.eject(both.second);
    both.fill(2, 0);
    expect(both.mustWait()).toBe(false);
  });

  it('where others wait already, unless it has its turn', () => {
    const { fill, mustWait, waits } = setUp();
    fill(0, 0);
    waits('x');
    expect(mustWait()).toBe(true);
    expect(mustWait(null, true)).toBe(false);
  });

  it('for what other proxies have there, which is asked for when it matters', () => {
    const { fill, mustWait, elsewhere, wanted, route } = setUp(2);
    fill(0, 0);
    expect(mustWait()).toBe(false);
    expect(wanted).toEqual([]);
    fill(1, 1);
    expect(mustWait()).toBe(false);
    elsewhere.set('a', 1);
    expect(mustWait()).toBe(false);
    elsewhere.set('b', 1);
    expect(mustWait()).toBe(true);
    expect(new Set(wanted)).toEqual(new Set([route.modelId]));
    // An equal part is its own, whatever others have.
    fill(0, 1);
    elsewhere.set('a', 9);
    expect(mustWait()).toBe(false);
  });

  it('is never full where there is no engine: then it waits for the model', () => {
    const { places, route } = setUp();
    expect(places.isFull({ ...route, endpoints: [] })).toBe(false);
  });
});

describe('a place that is free', () => {
  it('goes to whose turn it is, as many as there are, within the same turn of the loop', async () => {
    const { fill, places, waits, served, route } = setUp();
    fill(2, 2);
    for (const name of ['h1', 'h2', 'h3']) waits(name, ['a', 'b'], 'heavy');
    waits('light');
    fill(1, 1);
    places.freed(route.modelId);
    places.freed(route.modelId);
    expect(served).toEqual([]);
    await Promise.resolve();
    expect(served).toEqual(['h1', 'light']);
  });

  it('goes to another where the first cannot use it', async () => {
    const { fill, places, waits, served, route } = setUp();
    fill(2, 2);
    waits('only b', ['b']);
    waits('any');
    fill(1, 2);
    places.freed(route.modelId);
    await Promise.resolve();
    expect(served).toEqual(['any']);
  });

  it('is nobody’s where nobody waits, or the model is gone', async () => {
    const { places } = setUp();
    places.freed('no such model');
    await Promise.resolve();
  });
});
