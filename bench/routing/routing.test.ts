import { beforeAll, describe, expect, test } from '@jest/globals';
import { allPolicies, measure, type Report, scenarios } from './measure.ts';
import type { Outcome } from './replay.ts';
import { markdownOf } from './report.ts';

const size = { seed: 7, requests: 1500, engines: 4 };
const [first, , introduction] = scenarios;
if (first === undefined || introduction === undefined) throw new Error('there are no scenarios');
const only = (...names: readonly string[]) =>
  Object.fromEntries(Object.entries(allPolicies).filter(([name]) => names.includes(name)));

/** The bench itself, on a trace that takes seconds. */
describe('routing by prefix, replayed', () => {
  let report: Report;
  beforeAll(() => {
    report = measure(first, allPolicies, size);
  }, 60_000);
  const of = (name: string, from = report): Outcome => {
    const outcome = from.outcomes[name];
    if (outcome === undefined) throw new Error(`nothing was measured of ${name}`);
    return outcome;
  };

  test('the engines have something to do, and the caches are worth something', () => {
    expect(of('oracle').load).toBeGreaterThan(5);
    expect(of('oracle').hitRate).toBeGreaterThan(0.8);
    expect(of('random').hitRate).toBeLessThan(0.7);
  });

  test('finds within 5 % of what one finds that knows all caches, within the bound of load', () => {
    expect(of('prefix').hitRate).toBeGreaterThan(0.95 * of('oracle').hitRate);
    expect(of('prefix').imbalance).toBeLessThan(1.25);
  });

  test('also where all prompts begin alike', () => {
    const other = measure(introduction, only('oracle', 'prefix', 'least load'), size);
    expect(of('prefix', other).hitRate).toBeGreaterThan(0.95 * of('oracle', other).hitRate);
    expect(of('prefix', other).imbalance).toBeLessThan(1.25);
    expect(of('least load', other).hitRate).toBeLessThan(0.9 * of('prefix', other).hitRate);
  });

  test('every other policy finds less, and least load is the most even', () => {
    for (const name of ['least load', 'session', 'random', 'round robin', 'prefix, 4 proxies'])
      expect(of(name).hitRate).toBeLessThan(of('prefix').hitRate);
    expect(of('prefix, 4 proxies').hitRate).toBeGreaterThan(0.95 * of('oracle').hitRate);
    expect(of('prefix, 4 proxies that tell nothing').hitRate).toBeLessThan(
      0.95 * of('oracle').hitRate,
    );
    expect(of('least load').imbalance).toBeLessThan(1.1);
    for (const name of ['session', 'prefix, 4 proxies'])
      expect(of(name).imbalance).toBeLessThan(1.25);
  });

  test('the same again gives the same figures, and another trace others', () => {
    const policies = only('prefix', 'least load');
    const small = { ...size, requests: 300 };
    const once = measure(first, policies, small);
    expect(measure(first, policies, small)).toEqual(once);
    expect(measure(first, policies, { ...small, seed: 8 })).not.toEqual(once);
  });

  test('the table shows every policy, as a share of the best', () => {
    const table = markdownOf([report], false);
    expect(table).toMatch(/^\| 300 system prompts, 4 engines, \d+ requests \| cached/);
    expect(table).toMatch(/^\| oracle \| \d\d\.\d % \| 100\.0 % \| 1\.\d\d \|$/m);
    for (const name of Object.keys(allPolicies)) expect(table).toContain(`\n| ${name} | `);
  });
});
