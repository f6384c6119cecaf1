import { expect, it } from '@jest/globals';
import type { Grant } from './access.ts';
import { usageView } from './usage-view.ts';

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
