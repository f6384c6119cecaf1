import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadAuthFile, parseAuthFile } from './load-auth-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'auth-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'client'), 'planted-client-secret\n');
writeFileSync(join(folder, 'nothing'), '\n');

const read = (text: string) => parseAuthFile(text, join(folder, 'auth.yaml'));
const issuer = (more: string, grants = '[{ claim: groups, role: user }]') =>
  `issuers:\n  - name: a\n    issuer: https://a.example/realms/x\n    ${more}\n    grants: ${grants}\n`;

describe('auth.yaml', () => {
  it('has defaults that let nobody in by mistake', () => {
    expect(read('').staticKey).toEqual({ enabled: true });
    const [one] = read(issuer('audiences: [w]')).issuers;
    expect(one).toMatchObject({
      title: 'a',
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      clockTolerance: 10,
      introspection: null,
      signIn: null,
    });
  });

  it('keeps secrets where nothing prints them', () => {
    const file = read(
      `publicUrl: https://ai.example/\n${issuer('audiences: [w]\n    signIn: { clientId: w, clientSecretFile: client }\n    introspection: { clientId: w, clientSecretFile: client }')}`,
    );
    expect(file.publicUrl).toBe('https://ai.example');
    expect(file.issuers[0]?.signIn?.clientId).toBe('w');
    expect(inspect(file, { depth: 9, showHidden: true }) + JSON.stringify(file)).not.toContain(
      'planted',
    );
  });

  it.each([
    ['issuers: [', ':1: '],
    ['staticKey: { enabled: false }', 'nobody could come in'],
    ['statickey: {}', ':1: statickey: unknown key'],
    [issuer('audiences: [w]\n    audience: w'), ':5: issuers.0.audience: unknown key'],
    [issuer(''), 'audiences or authorizedParties'],
    ['publicUrl: https://ai.example/prefix', ':1: publicUrl: has to end after the host'],
    ['publicUrl: https://ai.example/?y', ':1: publicUrl: has to end after the host'],
    [issuer('audiences: [w]').replace('name: a', 'name: proxy'), 'is a name of our own'],
    [
      issuer('audiences: [w]').replace('https', 'http'),
      ':3: issuers.0.issuer: has to be an https URL',
    ],
    [issuer('audiences: [w]\n    algorithms: [none]'), 'issuers.0.algorithms.0'],
    [issuer('audiences: [w]\n    algorithms: [HS256]'), 'issuers.0.algorithms.0'],
    [issuer('audiences: [w]\n    signIn: { clientId: w }'), 'publicUrl'],
    [
      issuer('audiences: [w]\n    introspection: { clientId: w, clientSecretFile: no }'),
      ':5: issuers.0.introspection.clientSecretFile: ',
    ],
    [
      issuer('audiences: [w]\n    introspection: { clientId: w, clientSecretFile: nothing }'),
      'empty',
    ],
    [issuer('audiences: [w]', '[]'), 'grants'],
    [issuer('audiences: [w]', '[{ claim: groups }]'), 'say role'],
    [
      issuer('audiences: [w]', "[{ claim: groups, pattern: '{role}', project: a, role: user }]"),
      'say role',
    ],
    [issuer('audiences: [w]', "[{ claim: groups, pattern: 'x', role: user }]"), 'project names it'],
    [issuer('audiences: [w]', '[{ claim: groups, role: root }]'), 'issuers.0.grants.0.role'],
    [
      issuer('audiences: [w]', "[{ claim: g, role: user, project: 'a/b', pattern: x }]"),
      'grants.0.project',
    ],
  ])('%j is refused with its place', (text, words) => {
    expect(() => read(text)).toThrow(words);
  });

  it('is as the example and the documentation write it', async () => {
    const root = join(import.meta.dirname, '../../../..');
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(join(folder, 'secrets/sign-in'), 'planted');
    const example = read(await readFile(join(root, 'deploy/auth.example.yaml'), 'utf8'));
    expect(example.issuers.map(({ name }) => name)).toEqual(['site', 'lexis']);
    const page = await readFile(join(root, 'docs/auth.md'), 'utf8');
    const [, block = ''] = /```yaml\n( *publicUrl[^`]+)```/.exec(page) ?? [];
    expect(read(block.replaceAll(/^ {3}/gm, '')).issuers[0]?.grants).toHaveLength(2);
  });

  it('that is not there says where to begin', async () => {
    await expect(loadAuthFile(join(folder, 'none.yaml'))).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('deploy/auth.example.yaml'),
    });
  });
});
