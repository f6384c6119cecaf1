import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { runs } from '../../../test/runs.ts';
import { type Claim, createFairOrder, type FairOrder } from './fair-order.ts';

interface Named extends Claim {
  readonly name: string;
}

const claim = (principal: string, name = principal, cost = 10, weight = 1): Named => ({
  principal,
  name,
  cost,
  weight,
});

function serveAll(order: FairOrder<Named>, count = Number.POSITIVE_INFINITY): string[] {
  const served: string[] = [];
  while (served.length < count) {
    const next = order.first();
    if (next === null) break;
    order.remove(next, true);
    served.push(next.name);
  }
  return served;
}

describe('the order of those who wait', () => {
  it('is that of their arrival for one principal', () => {
    const order = createFairOrder<Named>();
    for (const name of ['1', '2', '3']) order.add(claim('a', name, Number(name)));
    expect(serveAll(order)).toEqual(['1', '2', '3']);
    expect(order.first()).toBeNull();
    expect(order.size).toBe(0);
  });

  it('lets who comes late with little before the many of another', () => {
    const order = createFairOrder<Named>();
    for (let index = 0; index < 100; index += 1) order.add(claim('heavy', `h${index}`));
    expect(serveAll(order, 10)).toHaveLength(10);
    order.add(claim('light'));
    expect(serveAll(order, 2)).toContain('light');
  });

  it('does not let one that was away save up', () => {
    const order = createFairOrder<Named>();
    for (let index = 0; index < 20; index += 1) order.add(claim('a', 'a'));
    serveAll(order, 10);
    for (let index = 0; index < 20; index += 1) order.add(claim('b', 'b'));
    const next = serveAll(order, 10);
    expect(next.filter((name) => name === 'b')).toHaveLength(5);
  });

  it('does not let one pass that comes again and again with one at a time', () => {
    const order = createFairOrder<Named>();
    for (let index = 0; index < 50; index += 1) order.add(claim('a', 'a'));
    order.add(claim('b', 'b', 100));
    const served: string[] = [];
    for (let round = 0; round < 22; round += 1) {
      const [name = ''] = serveAll(order, 1);
      served.push(name);
      if (name === 'b') order.add(claim('b', 'b', 100));
    }
    expect(served.filter((name) => name === 'b').length).toBeLessThanOrEqual(3);
  });

  it('leaves no trace of one that goes away unserved', () => {
    const order = createFairOrder<Named>();
    const gone = claim('a', 'gone', 1000);
    order.add(gone);
    order.add(claim('a', 'a'));
    order.add(claim('b', 'b'));
    order.remove(gone, false);
    order.remove(gone, false);
    expect(order.of('a')).toBe(1);
    expect(serveAll(order)).toEqual(['a', 'b']);
  });

  it('serves in the order that it shows', () => {
    const claims = fc.array(
      fc.record({
        principal: fc.constantFrom('a', 'b', 'c', 'd'),
        cost: fc.integer({ min: 1, max: 50 }),
        weight: fc.constantFrom(1, 2, 3),
      }),
    );
    fc.assert(
      fc.property(claims, claims, (first, second) => {
        const order = createFairOrder<Named>();
        const add = (all: typeof first) => {
          for (const [index, one] of all.entries()) order.add({ ...one, name: `${index}` });
        };
        add(first);
        serveAll(order, Math.floor(first.length / 2));
        add(second);
        const shown = order.all().map(({ name }) => name);
        expect(order.size).toBe(shown.length);
        expect(serveAll(order)).toEqual(shown);
      }),
      runs(300),
    );
  });

  it('gives those who all wait work by their weights, to one claim of each', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 5 });
    const costs = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(weights, costs, fc.integer({ min: 1, max: 400 }), (shares, sizes, rounds) => {
        const order = createFairOrder<Named>();
        const all = shares.map((weight, index) => {
          const principal = `p${index}`;
          const cost = sizes[index] ?? 1;
          for (let count = 0; count < rounds; count += 1)
            order.add(claim(principal, principal, cost, weight));
          return { principal, cost, weight };
        });
        const got = new Map<string, number>();
        for (const name of serveAll(order, rounds)) got.set(name, (got.get(name) ?? 0) + 1);
        const work = all.map(({ principal, cost, weight }) => ({
          done: ((got.get(principal) ?? 0) * cost) / weight,
          most: cost / weight,
        }));
        for (const one of work)
          for (const other of work)
            expect(Math.abs(one.done - other.done)).toBeLessThanOrEqual(
              one.most + other.most + 1e-6,
            );
      }),
      runs(300),
    );
  });

  it('does not grow with principals that come and go', () => {
    const order = createFairOrder<Named>();
    for (let index = 0; index < 2; index += 1) order.add(claim('stays'));
    // Remembered all of them, and looked through each time, these would take minutes.
    for (let index = 0; index < 100_000; index += 1) {
      order.add(claim(`p${index}`));
      serveAll(order, 1);
    }
    expect(order.size).toBe(2);
    expect(serveAll(order).at(-1)).toBe('stays');
  });
});
