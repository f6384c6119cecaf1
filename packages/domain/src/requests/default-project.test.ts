import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Principal, roles } from './access.ts';
import { defaultProject } from './default-project.ts';

const projects = [
  { name: 'newest', createdAt: 3 },
  { name: 'second-of-its-time', createdAt: 2 },
  { name: 'first-of-its-time', createdAt: 2 },
  { name: 'oldest', createdAt: 1 },
];
const who = (grants: Principal['grants'], chosen?: string): Principal => ({
  ...{ kind: 'user', id: 'u', grants },
  ...(chosen === undefined ? {} : { defaultProject: chosen }),
});

describe('the project of who names none', () => {
  it.each<[string, Principal, string | null]>([
    ['may everywhere', who([{ project: '*', role: 'admin' }]), 'oldest'],
    [
      'may only look at the oldest',
      who([
        { project: 'oldest', role: 'viewer' },
        { project: 'newest', role: 'manager' },
      ]),
      'newest',
    ],
    [
      'has two of the same moment',
      who([
        { project: 'second-of-its-time', role: 'manager' },
        { project: 'first-of-its-time', role: 'manager' },
      ]),
      'first-of-its-time',
    ],
    ['may nowhere', who([{ project: 'oldest', role: 'user' }]), null],
    ['has one that is not activated', who([{ project: 'other', role: 'manager' }]), null],
    ['has chosen', who([{ project: '*', role: 'admin' }], 'newest'), 'newest'],
    // As if it were named: what is wrong with it is told, instead of a job on another account.
    ['has chosen what is not there', who([{ project: '*', role: 'admin' }], 'gone'), 'gone'],
  ])('who %s', (_who, principal, expected) => {
    expect(defaultProject(principal, 'startService', projects)).toBe(expected);
  });

  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const grants = fc.array(fc.record({ project: name, role: fc.constantFrom(...roles) }));
  const some = fc.uniqueArray(fc.record({ name, createdAt: fc.nat(3) }), {
    selector: (one) => one.name,
  });

  it('does not depend on any order, and what is activated later changes nothing', () => {
    fc.assert(
      fc.property(grants, some, name, (given, activated, later) => {
        const principal = who(given);
        const before = defaultProject(principal, 'startService', activated);
        expect(
          defaultProject(who(given.toReversed()), 'startService', activated.toReversed()),
        ).toBe(before);
        if (before === null || activated.some((one) => one.name === later)) return;
        const more = [{ name: later, createdAt: 4 }, ...activated];
        expect(defaultProject(principal, 'startService', more)).toBe(before);
      }),
    );
  });
});
