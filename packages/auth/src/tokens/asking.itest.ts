import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Log } from '@wakefield/control';
import { useGround } from '../../test/ground.ts';
import { type IssuerFixture, startIssuer } from '../../test/issuer-fixture.ts';
import { identifierOf, outcome } from '../../test/known.ts';
import type { TokenIdentifier } from './token-identifier.ts';

let issuer: IssuerFixture;
const ground = useGround();

beforeEach(async () => {
  issuer = await startIssuer(ground.now);
});
afterEach(async () => {
  await issuer.close();
});

const groups = `
      - { claim: groups, pattern: '/projects/{project}/{role}', roles: { members: user, managers: manager } }`;
const audience = 'audiences: [wakefield]';

let logged: { readonly level: string; readonly asked?: string; readonly err?: Error }[];
const log: Log = {
  debug: () => {},
  info: (fields) => void logged.push({ level: 'info', ...fields }),
  warn: (fields) => void logged.push({ level: 'warn', ...fields }),
  error: () => {},
};
beforeEach(() => {
  logged = [];
});

function identifier(more = audience, grants = groups): TokenIdentifier {
  const yaml = `
issuers:
  - name: site
    issuer: ${issuer.url}
    ${more}
    grants:${grants}
`;
  return identifierOf(yaml, ground.folder, ground.now, log);
}

const ask = (who: TokenIdentifier, token: string) => outcome(who.identify(`Bearer ${token}`));
const member = { groups: ['/projects/eu-00-00/members', '/projects/eu-00-01/managers', '/staff'] };
const ada = {
  kind: 'user',
  id: 'site:ada',
  grants: [
    { project: 'eu-00-00', role: 'user' },
    { project: 'eu-00-01', role: 'manager' },
  ],
};

describe('introspection', () => {
  const asking = (tokens: string) =>
    `${audience}
    introspection: { clientId: wakefield, clientSecretFile: secret, tokens: ${tokens}, cache: 30 }`;
  const active = () => ({
    ...{
      active: true,
      token_type: 'Bearer',
      sub: 'ada',
      aud: 'wakefield',
      iss: issuer.url,
      ...member,
    },
    exp: ground.clock / 1000 + 300,
  });

  it('tells what an opaque token is, and is asked again after a short while', async () => {
    const who = identifier(asking('opaque'));
    issuer.introspected.set('opaque-1', active());
    expect(await ask(who, 'opaque-1')).toEqual(ada);
    expect(who.identify('Bearer opaque-1')).toEqual(ada);
    issuer.introspected.delete('opaque-1');
    ground.clock += 61_000;
    expect(await ask(who, 'opaque-1')).toContain('not valid any more');
    const before = issuer.asked.length;
    expect(await ask(who, 'opaque-1')).toContain('not valid any more');
    expect(issuer.asked).toHaveLength(before);
  });

  it('is looked into behind the answer for as long again', async () => {
    const who = identifier(asking('opaque'));
    issuer.introspected.set('opaque-1', active());
    await ask(who, 'opaque-1');
    issuer.introspected.delete('opaque-1');
    ground.clock += 31_000;
    expect(who.identify('Bearer opaque-1')).toEqual(ada);
    expect(await until(() => outcome(who.identify('Bearer opaque-1')))).toContain('any more');
  });

  it('that brings nothing leaves what is known until its end', async () => {
    const who = identifier(asking('opaque'));
    issuer.introspected.set('opaque-1', active());
    expect(await ask(who, 'opaque-1')).toEqual(ada);
    issuer.down = true;
    ground.clock += 200_000;
    expect(await ask(who, 'opaque-1')).toEqual(ada);
    expect(await ask(who, 'opaque-2')).toMatch(/^issuer_unavailable/);
    ground.clock += 120_000;
    expect(await ask(who, 'opaque-1')).toMatch(/^issuer_unavailable/);
  });

  it('of what anybody makes up keeps nobody from being asked about who is known', async () => {
    const who = identifier(asking('all'));
    const token = await issuer.sign({ ...member, exp: ground.clock / 1000 + 7200 });
    const honest = await issuer.sign({ ...member, jti: 'new', exp: ground.clock / 1000 + 7200 });
    issuer.introspected.set(token, { active: true });
    issuer.introspected.set(honest, { active: true });
    issuer.introspected.set('opaque-1', active());
    expect(await ask(who, token)).toEqual(ada);
    expect(await ask(who, 'opaque-1')).toEqual(ada);
    issuer.introspected.delete(token);
    issuer.introspected.delete('opaque-1');
    ground.clock += 61_000;
    const open = issuer.hold('made-up');
    const flood = Array.from({ length: 200 }, (_, n) => ask(who, `made-up-${n}`));
    expect(await ask(who, token)).toContain('not valid any more');
    expect(await ask(who, 'opaque-1')).toContain('not valid any more');
    expect(await ask(who, honest)).toEqual(ada);
    expect(await ask(who, 'made-up')).toMatch(/^overloaded: Too many tokens/);
    open();
    const told = await Promise.all(flood);
    expect(told.filter((one) => String(one).startsWith('invalid_api_key'))).toHaveLength(160);
    expect(told.filter((one) => String(one).startsWith('overloaded'))).toHaveLength(40);
  });

  it('that fails is logged when that begins and when it is over, not each time', async () => {
    const who = identifier(asking('opaque'));
    issuer.introspected.set('opaque-1', active());
    expect(await ask(who, 'opaque-1')).toEqual(ada);
    issuer.down = true;
    for (const word of ['a', 'b', 'c'])
      expect(await ask(who, `opaque-${word}`)).toMatch(/^issuer_unavailable/);
    expect(logged).toMatchObject([{ level: 'warn', issuer: 'site', asked: 'introspection' }]);
    issuer.down = false;
    expect(await ask(who, 'opaque-d')).toMatch(/^invalid_api_key/);
    expect(logged.slice(1)).toEqual([{ level: 'info', issuer: 'site', asked: 'introspection' }]);
  });

  it('that failed once is waited for the next time, however long after', async () => {
    const who = identifier(asking('opaque'));
    issuer.introspected.set('opaque-1', { ...active(), exp: ground.clock / 1000 + 7200 });
    expect(await ask(who, 'opaque-1')).toEqual(ada);
    ground.clock += 61_000;
    issuer.down = true;
    expect(await ask(who, 'opaque-1')).toEqual(ada);
    issuer.down = false;
    issuer.introspected.delete('opaque-1');
    ground.clock += 3_600_000;
    expect(await ask(who, 'opaque-1')).toContain('not valid any more');
  });

  it.each([
    ['for somebody else', { aud: 'account' }],
    ['of somebody else', { iss: 'https://elsewhere.example' }],
    ['that is a refresh token at Keycloak', { typ: 'Refresh' }],
    ['that is a refresh token at Hydra', { token_use: 'refresh_token' }],
    ['that is a refresh token elsewhere', { token_type: undefined }],
    ['that is bound to a key of its client', { token_type: 'DPoP' }],
    ['that says it is dead', { active: false }],
    ['of yesterday', { exp: 1 }],
  ])('of a token %s is a refusal', async (_what, claims) => {
    issuer.introspected.set('opaque-1', { ...active(), ...claims });
    expect(await ask(identifier(asking('opaque')), 'opaque-1')).toMatch(/^invalid_api_key/);
  });

  it.each([
    ['Keycloak', { token_type: undefined, typ: 'Bearer' }],
    ['Hydra', { token_use: 'access_token' }],
  ])('of a token that %s calls an access token is taken', async (_who, claims) => {
    issuer.introspected.set('opaque-1', { ...active(), ...claims });
    expect(await ask(identifier(asking('opaque')), 'opaque-1')).toEqual(ada);
  });

  it('of signed tokens too, where a disabled account has to end at once', async () => {
    const who = identifier(asking('all'));
    const token = await issuer.sign(member);
    expect(await ask(who, token)).toContain('not valid any more');
    ground.clock += 10_001;
    issuer.introspected.set(token, { active: true });
    expect(await ask(who, token)).toEqual(ada);
  });

  it('is not asked of what cannot be a token, and not at all where it is not configured', async () => {
    expect(await ask(identifier(asking('opaque')), 'with"quote')).toBeNull();
    expect(await ask(identifier(), 'some-key-without-dots')).toBeNull();
    expect(await ask(identifier(asking('opaque')), 'x'.repeat(20_000))).toBeNull();
    expect(issuer.asked).toEqual([]);
  });
});

describe('LEXIS UserOrg', () => {
  const rule = () => `\n      - { userOrg: ${issuer.url}/org, cache: 60 }`;
  const role = (resource: string, ...permissions: string[]) => ({
    ProjectShortName: 'x',
    RoleName: 'y',
    ProjectResources: [{ Name: resource }],
    SystemPermissionTypes: permissions,
  });

  it('tells the projects of a token’s holder', async () => {
    const token = await issuer.sign();
    issuer.members.set(token, {
      Id: 1,
      Email: 'ada@example.org',
      SystemRoles: [
        role('EU-00-00', 'heappe_exec', 'heappe_manager', 'something'),
        role('eu-00-01', 'heappe_exec'),
        role('eu-00-02', 'dataset_read'),
      ],
    });
    expect(await ask(identifier(audience, rule()), token)).toMatchObject({
      grants: [
        { project: 'eu-00-00', role: 'manager' },
        { project: 'eu-00-01', role: 'user' },
      ],
    });
  });

  it('that is away leaves those who are known, and says so to others', async () => {
    const who = identifier(audience, rule());
    const token = await issuer.sign({ exp: ground.clock / 1000 + 7200 });
    issuer.members.set(token, { SystemRoles: [role('eu-00-00', 'heappe_exec')] });
    expect(await ask(who, token)).toMatchObject({ id: 'site:ada' });
    issuer.down = true;
    ground.clock += 3_600_000;
    expect(await ask(who, token)).toMatchObject({ grants: [{ project: 'eu-00-00' }] });
    expect(await ask(who, await issuer.sign({ jti: '2' }))).toMatch(/^issuer_unavailable/);
  });

  it('that takes the token and tells nothing leaves its holder without a project', async () => {
    issuer.orgStatus = 403;
    expect(await ask(identifier(audience, rule()), await issuer.sign())).toMatchObject({
      id: 'site:ada',
      grants: [],
    });
  });

  it('whose address is wrong takes nobody’s projects away, and the log says it once', async () => {
    const who = identifier(audience, rule());
    const token = await issuer.sign({ exp: ground.clock / 1000 + 7200 });
    issuer.members.set(token, { SystemRoles: [role('eu-00-00', 'heappe_exec')] });
    expect(await ask(who, token)).toMatchObject({ grants: [{ project: 'eu-00-00' }] });
    issuer.orgStatus = 404;
    ground.clock += 3_600_000;
    expect(await ask(who, token)).toMatchObject({ grants: [{ project: 'eu-00-00' }] });
    for (const jti of ['2', '3'])
      expect(await ask(who, await issuer.sign({ jti }))).toMatch(/^issuer_unavailable/);
    issuer.orgStatus = null;
    ground.clock += 3_600_000;
    expect(await ask(who, token)).toMatchObject({ grants: [{ project: 'eu-00-00' }] });
    expect(logged).toMatchObject([
      {
        level: 'warn',
        issuer: 'site',
        asked: `${issuer.url}/org`,
        err: new Error('UserOrg answered 404'),
      },
      { level: 'info', issuer: 'site', asked: `${issuer.url}/org` },
    ]);
  });

  it('that does not take the token ends it', async () => {
    expect(await ask(identifier(audience, rule()), await issuer.sign())).toMatch(
      /^invalid_api_key/,
    );
  });
});

/** Until it is a refusal: what is looked into behind an answer takes its time. */
async function until(look: () => Promise<unknown>): Promise<unknown> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const found = await look();
    if (typeof found === 'string' || performance.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
