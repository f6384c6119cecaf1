import { describe, expect, it } from '@jest/globals';
import { parseAuthFile } from '../config/load-auth-file.ts';
import type { Claims } from './claim-at.ts';
import { createClaimGrants } from './claim-grants.ts';

/** What one rule, written as in auth.yaml, makes of claims: `project role` of each grant. */
function granted(rule: string, claims: Claims): readonly string[] {
  const { issuers } = parseAuthFile(
    `issuers: [{ name: a, issuer: https://a.example, audiences: [w], grants: [${rule}] }]`,
    '/etc/auth.yaml',
  );
  const [first] = issuers[0]?.grants ?? [];
  if (first === undefined || 'userOrg' in first) throw new Error('no rule of claims');
  return createClaimGrants(first)(claims).map(({ project, role }) => `${project} ${role}`);
}

const words = 'roles: { members: user, managers: manager, guests: viewer }';

describe('a rule of claims', () => {
  it.each<[string, string, Claims, string[]]>([
    [
      'groups with paths',
      `{ claim: groups, pattern: '/projects/{project}/{role}', ${words} }`,
      {
        groups: [
          '/projects/a/members',
          '/projects/b.c-d/managers',
          '/projects/a',
          '/other/a/members',
        ],
      },
      ['a user', 'b.c-d manager'],
    ],
    [
      'the words of a scope',
      `{ claim: scope, pattern: 'wakefield:{project}:{role}', ${words} }`,
      { scope: 'openid wakefield:a:guests wakefield:a:nobodies profile' },
      ['a viewer'],
    ],
    [
      'a suffix that looks like a part of the name',
      `{ claim: groups, pattern: '{project}-{role}', ${words} }`,
      { groups: ['eu-00-00-managers', 'eu-00-00', 'managers'] },
      ['eu-00-00 manager'],
    ],
    [
      'names alone',
      '{ claim: projects, role: user }',
      { projects: ['a', 'b c', '', '*'] },
      ['a user'],
    ],
    [
      'a role of a realm',
      "{ claim: realm_access.roles, pattern: wakefield-admin, project: '*', role: admin }",
      { realm_access: { roles: ['offline_access', 'wakefield-admin', 'xwakefield-admin'] } },
      ['* admin'],
    ],
    [
      'a client whose name has dots',
      "{ claim: [resource_access, api.site, roles], pattern: 'use', project: p, role: user }",
      { resource_access: { 'api.site': { roles: ['use'] } } },
      ['p user'],
    ],
    [
      'a list of objects',
      `{ claim: lexis.projects, fields: { project: name, role: access.level }, ${words} }`,
      {
        lexis: {
          projects: [{ name: 'a', access: { level: ['members', 'guests'] } }, 'x', { name: 7 }],
        },
      },
      ['a user', 'a viewer'],
    ],
    [
      'an object by project',
      `{ claim: projects, entries: true, ${words} }`,
      // A literal would set the prototype; a token that was parsed has a key of that name.
      JSON.parse('{"projects":{"a":"managers","b":["guests","x"],"__proto__":"managers"}}'),
      ['a manager', 'b viewer'],
    ],
    [
      'capitals, where they are to be small',
      '{ claim: p, role: user, lowerCase: true }',
      { p: ['EU-1'] },
      ['eu-1 user'],
    ],
    ['nothing', '{ claim: groups, role: user }', {}, []],
    ['something else', '{ claim: groups, role: user }', { groups: 7 }, []],
    ['what every object has', '{ claim: constructor.name, role: user }', {}, []],
    [
      'a word that every object has',
      `{ claim: g, pattern: '{project}/{role}', ${words} }`,
      { g: ['a/constructor'] },
      [],
    ],
    ['several lines', '{ claim: g, role: user }', { g: ['a\nb', 'a\n'] }, []],
  ])('reads %s', (_what, rule, claims, expected) => {
    expect(granted(rule, claims)).toEqual(expected);
  });

  it('takes signs of regular expressions as they are, and long texts in no time', () => {
    expect(
      granted("{ claim: g, pattern: '(a+)+{project}', role: user }", { g: ['(a+)+p', 'aap'] }),
    ).toEqual(['p user']);
    const started = performance.now();
    const g = Array.from({ length: 5000 }, () => `${'a-'.repeat(120)}!`);
    expect(granted(`{ claim: g, pattern: '{project}-{role}', ${words} }`, { g })).toEqual([]);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
