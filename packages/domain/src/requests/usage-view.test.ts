import { expect, it } from '@jest/globals';
import type { Grant } from './access.ts';
import { sumsKeptFrom, usageView } from './usage-view.ts';

it.each<[string, readonly Grant[], ReturnType<typeof usageView>]>([
  ['nobody in particular', [], 'own'],
  ['a viewer', [{ project: 'mine', role: 'viewer' }], 'own'],
  ['a user', [{ project: 'mine', role: 'user' }], 'own'],
  ['a manager', [{ project: 'mine', role: 'manager' }], 'everybody'],
  ['a manager of another project', [{ project: 'other', role: 'manager' }], 'own'],
  ['an admin of all projects', [{ project: '*', role: 'admin' }], 'everybody'],
])('%s sees the usage of its own, or of everybody', (_who, grants, expected) => {
  expect(usageView({ kind: 'user', id: 'u', grants }, 'mine')).toBe(expected);
});

it.each([
  ['the hour that began just then', 10 * 3_600_000, 7 * 3_600_000],
  ['the one after that in which it was', 10 * 3_600_000 + 1, 8 * 3_600_000],
])('sums are kept from %s', (_, now, expected) => {
  expect(sumsKeptFrom(now, 3 * 3_600_000)).toBe(expected);
});
