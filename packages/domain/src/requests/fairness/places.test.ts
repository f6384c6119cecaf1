import { describe, expect, it } from '@jest/globals';
import { endpoint } from '../../../test/builders.ts';
import { areFull, isFull } from './places.ts';

const rule = { surplus: 1.5, proxies: 1 };

describe('an engine is full', () => {
  it.each([
    ['never, where it has not shown what it takes', null, 1000, 1000, rule, false],
    ['not below what it has shown', 4, 5, 0, rule, false],
    ['with what it has shown and what it is to have waiting', 4, 6, 0, rule, true],
    ['rounded up', 1, 1, 0, rule, false],
    ['with what other proxies gave it', 4, 4, 2, { ...rule, proxies: 2 }, true],
    ['not by others alone, below an equal part', 4, 2, 6, { ...rule, proxies: 2 }, false],
    ['with an equal part, where others have the rest', 4, 3, 6, { ...rule, proxies: 2 }, true],
    ['not with an equal part, where others have less', 4, 3, 1, { ...rule, proxies: 2 }, false],
    ['one place for each proxy at least', 1, 0, 9, { surplus: 1, proxies: 8 }, false],
  ])('%s', (_what, capacity, running, elsewhere, given, full) => {
    const count = isFull(
      { capacity, jobId: 'j' },
      () => running,
      () => elsewhere,
      given,
    );
    expect(count).toBe(full);
  });
});

describe('a model is full', () => {
  const endpoints = [endpoint('a', 2), endpoint('b', 4)];
  const running = new Map([
    ['a', 3],
    ['b', 6],
  ]);
  const check = (exclude: readonly string[], counts = running) =>
    areFull(
      endpoints,
      new Set(exclude),
      (id) => counts.get(id) ?? 0,
      () => 0,
      rule,
    );

  it('with all of its engines', () => {
    expect(check([])).toBe(true);
    expect(check([], new Map([...running, ['a', 2]]))).toBe(false);
  });

  it('whatever is free elsewhere that it cannot go to', () => {
    expect(check(['a'], new Map([...running, ['a', 0]]))).toBe(true);
  });
});
