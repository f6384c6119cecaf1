import { describe, expect, test } from '@jest/globals';
import { featuresOf, featureTable } from './features.ts';

describe('the features of a version', () => {
  test.each([
    ['5.0.0', '5.0.0'],
    ['5.9', '5.0.0'],
    ['V6.0.0', '6.0.0'],
    ['6.1.4', '6.1.0'],
    ['6.2', '6.2.0'],
    ['6.2.1', '6.2.0'],
    ['6.2.2', '6.2.2'],
    ['6.2.10', '6.2.2'],
    ['v6.3.2', '6.3.0'],
    ['6.3.2-rc1+build', '6.3.0'],
    ['7.0', '6.3.0'],
    ['10.1.0', '6.3.0'],
  ])('%s are those of %s', (version, since) => {
    expect(featuresOf(version).since).toBe(since);
  });

  test.each(['4.3.0', '0.1', 'unknown', ''])('%j has none', (version) => {
    expect(() => featuresOf(version)).toThrow(expect.objectContaining({ kind: 'misconfigured' }));
  });

  test('only grow', () => {
    const streams = featureTable.map(({ stream }) => stream);
    expect(streams).toEqual(['none', 'none', 'wrapped', 'wrapped', 'raw', 'raw']);
    const sizes = featureTable.map(({ postBytes }) => postBytes);
    expect(sizes).toEqual([50_000, 50_000, 5_000_000, 5_000_000, 5_000_000, 5_000_000]);
    for (const feature of ['apiKey', 'dryRun', 'upload', 'forceRefresh'] as const) {
      const has = featureTable.map((row) => row[feature]);
      expect(has).toEqual(has.toSorted((a, b) => Number(a) - Number(b)));
    }
  });
});
