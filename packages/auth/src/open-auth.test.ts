import { describe, expect, it } from '@jest/globals';
import { parseAuthFile } from './config/load-auth-file.ts';
import { openAuth } from './open-auth.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const nowhere = async () => {
  throw new Error('no session is looked at');
};
const issuers = `
issuers:
  - { name: a, issuer: 'https://a.example', audiences: [w], grants: [{ claim: g, role: user }] }`;

function open(yaml: string, localKey: string | null = 'the-static-key-of-it') {
  return openAuth({
    file: parseAuthFile(yaml, '/etc/wakefield/auth.yaml'),
    localKey,
    sessions: {
      put: nowhere,
      settle: nowhere,
      replace: nowhere,
      get: nowhere,
      take: nowhere,
      claim: nowhere,
      release: nowhere,
      enlist: nowhere,
      discharge: nowhere,
    },
    sessionSeconds: 60,
    now: () => 0,
    log: silent,
  });
}
const holder = (auth: ReturnType<typeof open>) =>
  auth.identifier.identify('Bearer the-static-key-of-it');

describe('the static key of auth.yaml', () => {
  it('opens everything where nothing is said', () => {
    const auth = open('');
    expect(holder(auth)).toMatchObject({ grants: [{ project: '*', role: 'admin' }] });
    expect(auth.masterKey).toBe('the-static-key-of-it');
  });

  it('can be limited to projects, and opens no dashboard then', () => {
    const auth = open('staticKey: { projects: [eu-00-00, eu-00-01] }');
    expect(holder(auth)).toEqual({
      kind: 'static',
      id: 'local',
      grants: [
        { project: 'eu-00-00', role: 'admin' },
        { project: 'eu-00-01', role: 'admin' },
      ],
    });
    expect(auth.masterKey).toBeNull();
  });

  it('can have a default project, which is one of its own', () => {
    const auth = open('staticKey: { defaultProject: eu-00-01 }');
    expect(holder(auth)).toMatchObject({ defaultProject: 'eu-00-01' });
    expect(auth.masterKey).not.toBeNull();
    const limited = 'staticKey: { projects: [eu-00-00], defaultProject: eu-00-01 }';
    expect(() => open(limited)).toThrow('its defaultProject is none of its projects');
    expect(() => open('staticKey: { defaultProject: "*" }')).toThrow('staticKey.defaultProject');
  });

  it('can be switched off, by the file or by leaving it out', () => {
    expect(holder(open(`staticKey: { enabled: false }${issuers}`))).toBeNull();
    const auth = open(issuers, null);
    expect([holder(auth), auth.masterKey, auth.signIn]).toEqual([null, null, null]);
  });

  it('cannot be the only thing that is missing', () => {
    expect(() => open('', null)).toThrow('nobody could come in');
    expect(() => open('staticKey: { projects: ["*"] }')).toThrow('staticKey.projects');
  });
});
