import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { can, type Grant, mergeGrants, type Principal, roles } from './access.ts';
import { decideAccess, type OperationName, rights } from './rights.ts';

const operations = Object.keys(rights) as OperationName[];
const projects = ['eu-00-00', 'eu-00-01', 'EU-00-00'] as const;

const grant = fc.record({
  project: fc.constantFrom<Grant['project']>('*', ...projects),
  role: fc.constantFrom(...roles),
});
const principal = fc.record({
  kind: fc.constantFrom<Principal['kind']>('static', 'user', 'api_key'),
  id: fc.string(),
  grants: fc.array(grant, { maxLength: 5 }),
});
const call = fc.record({
  who: principal,
  operation: fc.constantFrom(...operations),
  project: fc.constantFrom(...projects, null),
});

describe('rights', () => {
  it('let nobody do more for having less', () => {
    const worth = { granted: 3, forbidden: 2, hidden: 1, unknown: 0 } as const;
    fc.assert(
      fc.property(call, grant, ({ who, operation, project }, more) => {
        const richer = { ...who, grants: [...who.grants, more] };
        const before = decideAccess(who, operation, project);
        expect(worth[decideAccess(richer, operation, project)]).toBeGreaterThanOrEqual(
          worth[before],
        );
        expect(worth[before]).toBeGreaterThanOrEqual(worth[decideAccess(null, operation, project)]);
      }),
    );
  });

  it('hide every project of others, whatever is asked in it', () => {
    fc.assert(
      fc.property(call, ({ who, operation, project }) => {
        fc.pre(typeof rights[operation] !== 'string' && project !== null);
        const right = rights[operation];
        fc.pre(typeof right === 'object' && right.in === 'project');
        const mine = who.grants.some((one) => one.project === '*' || one.project === project);
        expect(decideAccess(who, operation, project) === 'hidden').toBe(!mine);
      }),
    );
  });

  it('do not ask who somebody is, only what they were granted', () => {
    fc.assert(
      fc.property(call, fc.string(), ({ who, operation, project }, id) => {
        for (const kind of ['static', 'user', 'api_key'] as const)
          expect(decideAccess({ ...who, kind, id }, operation, project)).toBe(
            decideAccess(who, operation, project),
          );
      }),
    );
  });

  it('over the installation are for admins of every project alone', () => {
    fc.assert(
      fc.property(principal, (who) => {
        const isAdmin = who.grants.some((one) => one.project === '*' && one.role === 'admin');
        expect(decideAccess(who, 'queueFigures', null)).toBe(isAdmin ? 'granted' : 'forbidden');
      }),
    );
  });

  it('in a project are nobody’s where no project is named', () => {
    const admin: Principal = { kind: 'static', id: 'a', grants: [{ project: '*', role: 'admin' }] };
    const manager: Principal = {
      kind: 'user',
      id: 'm',
      grants: [{ project: 'eu-00-00', role: 'manager' }],
    };
    expect(decideAccess(admin, 'getProject', null)).toBe('hidden');
    expect(decideAccess(manager, 'activateProject', 'eu-00-01')).toBe('hidden');
    expect(decideAccess(manager, 'activateProject', 'eu-00-00')).toBe('granted');
  });
});

describe('mergeGrants', () => {
  it('changes no right and leaves one grant for each project', () => {
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 8 }), (grants) => {
        const merged = mergeGrants(grants);
        expect(new Set(merged.map(({ project }) => project)).size).toBe(merged.length);
        const before: Principal = { kind: 'user', id: 'a', grants };
        const after: Principal = { ...before, grants: merged };
        for (const project of [...projects, null])
          for (const permission of ['read', 'infer', 'manage', 'operate'] as const)
            expect(can(after, permission, project)).toBe(can(before, permission, project));
      }),
    );
  });
});
