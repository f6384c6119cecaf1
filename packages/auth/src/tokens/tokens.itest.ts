import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { useGround } from '../../test/ground.ts';
import { type IssuerFixture, startIssuer } from '../../test/issuer-fixture.ts';
import { identifierOf, outcome } from '../../test/known.ts';
import type { TokenIdentifier } from './token-identifier.ts';

let issuer: IssuerFixture;
let stranger: IssuerFixture;
const ground = useGround();

beforeEach(async () => {
  [issuer, stranger] = await Promise.all([startIssuer(ground.now), startIssuer(ground.now)]);
});
afterEach(async () => {
  await Promise.all([issuer.close(), stranger.close()]);
});

const groups = `
      - { claim: groups, pattern: '/projects/{project}/{role}', roles: { members: user, managers: manager } }`;
const audience = 'audiences: [wakefield]';

function identifier(more = audience, grants = groups): TokenIdentifier {
  const yaml = `
issuers:
  - name: site
    issuer: ${issuer.url}
    ${more}
    grants:${grants}
`;
  return identifierOf(yaml, ground.folder, ground.now);
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

describe('a signed token', () => {
  it('tells who it is, and from the second time on at once', async () => {
    const who = identifier();
    const token = await issuer.sign(member);
    expect(await ask(who, token)).toEqual(ada);
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/jwks']);
    expect(who.identify(`Bearer ${token}`)).toEqual(ada);
    expect(issuer.asked).toHaveLength(2);
  });

  it.each<[string, object, string | undefined]>([
    ['a name', { wakefield: { project: 'EU-00-01' } }, 'eu-00-01'],
    ['nothing', {}, undefined],
    ['something else', { wakefield: { project: ['eu-00-01'] } }, undefined],
    ['no name', { wakefield: { project: '../x' } }, undefined],
  ])('says by %s in a claim which project its holder means', async (_what, claims, project) => {
    const chosen = 'defaultProject: { claim: wakefield.project, lowerCase: true }';
    const who = identifier(`${audience}\n    ${chosen}`);
    const { defaultProject } = (await ask(who, await issuer.sign({ ...member, ...claims }))) as {
      defaultProject?: string;
    };
    expect(defaultProject).toBe(project);
  });

  it('is looked at once, however many ask at the same time', async () => {
    const who = identifier();
    const token = await issuer.sign(member);
    const all = await Promise.all(Array.from({ length: 50 }, () => ask(who, token)));
    expect(new Set(all)).toEqual(new Set([all[0]]));
    expect(issuer.asked).toHaveLength(2);
  });

  it.each<[string, () => Promise<string>, string]>([
    ['expired', () => issuer.sign({ exp: ground.clock / 1000 - 11 }), 'has expired'],
    ['of tomorrow', () => issuer.sign({ nbf: ground.clock / 1000 + 11 }), 'not valid yet'],
    ['without an end', () => issuer.sign({ exp: undefined as never }), 'not valid'],
    ['without a subject', () => issuer.sign({ sub: undefined as never }), 'not valid'],
    ['for somebody else', () => issuer.sign({ aud: 'account' }), 'not issued for this'],
    ['for nobody', () => issuer.sign({ aud: undefined as never }), 'not issued for this'],
    ['of an unknown issuer', () => stranger.sign(), 'does not know'],
    ['of another signer', () => stranger.sign({ iss: issuer.url }), 'not valid'],
    ['signed with the public key as a secret', () => byPublicKey(issuer, 'spki'), 'not valid'],
    ['signed with the public JWK as a secret', () => byPublicKey(issuer, 'jwk'), 'not valid'],
    ['that is an ID token', () => issuer.sign({ typ: 'ID' }), 'not issued for this'],
    ['that has an ID token’s nonce', () => issuer.sign({ nonce: 'x' }), 'not issued for this'],
    ['that is for ID tokens', () => issuer.sign({ token_use: 'id' }), 'not issued for this'],
    ['that has an ID token’s hash', () => issuer.sign({ at_hash: 'x' }), 'not issued for this'],
    ['that is a refresh token', () => issuer.sign({ typ: 'Refresh' }), 'not issued for this'],
    ['that is a logout token', () => issuer.sign({}, { typ: 'logout+jwt' }), 'not issued for this'],
    ['that is bound to a key', () => issuer.sign({ cnf: { jkt: 'x' } }), 'bound to a key'],
    [
      'without a signature',
      async () =>
        new UnsecuredJWT({ ...member, aud: 'wakefield' })
          .setIssuer(issuer.url)
          .setSubject('ada')
          .setExpirationTime(ground.clock / 1000 + 60)
          .encode(),
      'not valid',
    ],
    ['that was tampered with', async () => tampered(await issuer.sign(member)), 'not valid'],
    ['with half a signature', async () => (await issuer.sign()).slice(0, -40), 'not valid'],
    ['of words', async () => 'a.b.c', 'not valid'],
  ])('%s is refused, and says why', async (_what, make, words) => {
    const refusal = await ask(identifier(), await make());
    expect(refusal).toMatch(/^invalid_api_key: /);
    expect(refusal).toContain(words);
  });

  it.each<[string, () => Promise<string>]>([
    ['its typ', () => issuer.sign({ ...member, nonce: 'x', typ: 'Bearer' })],
    ['its header', () => issuer.sign({ ...member, nonce: 'x' }, { typ: 'at+jwt' })],
  ])('may have a nonce where %s says that it is an access token', async (_what, make) => {
    expect(await ask(identifier(), await make())).toEqual(ada);
  });

  it('says in WWW-Authenticate that it was bad, and nothing of itself', async () => {
    const token = await issuer.sign({ exp: 1 });
    await expect(identifier().identify(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'invalid_api_key',
      challenge:
        'error="invalid_token", error_description="The token has expired. Get a new one from its issuer."',
    });
  });

  it('has the clock’s tolerance, and then its end, though it was known', async () => {
    const who = identifier();
    const token = await issuer.sign({ ...member, exp: ground.clock / 1000 + 60 });
    expect(await ask(who, token)).toEqual(ada);
    ground.clock += 69_000;
    expect(await ask(who, token)).toEqual(ada);
    ground.clock += 1_000;
    expect(await ask(who, token)).toContain('has expired');
  });

  it('has to come from a client that may use us, where that is asked', async () => {
    const who = identifier('authorizedParties: [portal]');
    expect(await ask(who, await issuer.sign({ ...member, azp: 'portal', aud: 'account' }))).toEqual(
      ada,
    );
    expect(await ask(who, await issuer.sign({ azp: 'other' }))).toContain('not issued for this');
    expect(await ask(who, await issuer.sign())).toContain('not issued for this');
  });

  it('is only of an algorithm that is named', async () => {
    const who = identifier(`${audience}\n    algorithms: [RS256]`);
    expect(await ask(who, await issuer.sign(member))).toContain('not valid');
  });
});

describe('keys', () => {
  it('that were changed are found, and the old ones are believed no more', async () => {
    const who = identifier();
    const old = await issuer.sign({ ...member, exp: ground.clock / 1000 + 7200 });
    expect(await ask(who, old)).toEqual(ada);
    const unseen = await issuer.sign({ ...member, jti: '2' });
    await issuer.rotate();
    ground.clock += 11_000;
    expect(await ask(who, await issuer.sign(member))).toEqual(ada);
    expect(await ask(who, unseen)).toContain('not valid');
    // What was verified is held against the keys of today after a while.
    ground.clock += 280_000;
    expect(await ask(who, old)).toEqual(ada);
    ground.clock += 310_000;
    expect(await ask(who, old)).toContain('not valid');
  });

  it.each([
    ['six minutes', 360_000],
    ['a day', 86_400_000],
  ])('that were withdrawn %s ago vouch for nobody, though nobody came meanwhile', async (_, ms) => {
    const who = identifier();
    await ask(who, await issuer.sign(member));
    const exp = (ground.clock + ms) / 1000 + 300;
    const [unseen, another] = [
      await issuer.sign({ ...member, exp, jti: '2' }),
      await issuer.sign({ ...member, exp, jti: '3' }),
    ];
    await issuer.rotate();
    ground.clock += ms;
    issuer.down = true;
    expect(await ask(who, another)).toEqual(ada);
    issuer.down = false;
    ground.clock += 60_001;
    expect(await ask(who, unseen)).toContain('not valid');
  });

  it('are fetched anew behind the answer before they are old', async () => {
    const who = identifier();
    await ask(who, await issuer.sign(member));
    ground.clock += 151_000;
    expect(await ask(who, await issuer.sign({ ...member, jti: '2' }))).toEqual(ada);
    const loads = () => issuer.asked.filter((path) => path === '/jwks').length;
    const deadline = performance.now() + 5000;
    while (loads() < 2 && performance.now() < deadline) await new Promise(setImmediate);
    expect(loads()).toBe(2);
  });

  it('nobody has are asked for once in a while, not every time', async () => {
    const who = identifier();
    expect(await ask(who, await issuer.sign(member))).toEqual(ada);
    ground.clock += 11_000;
    for (const kid of ['a', 'b', 'c', 'd'])
      expect(await ask(who, await issuer.sign(member, { kid }))).toContain('not valid');
    expect(issuer.asked.filter((path) => path === '/jwks')).toHaveLength(2);
  });

  it('are kept while the issuer is away: known and new tokens of theirs are good', async () => {
    const who = identifier();
    const known = await issuer.sign({ ...member, exp: ground.clock / 1000 + 7200 });
    expect(await ask(who, known)).toEqual(ada);
    issuer.down = true;
    ground.clock += 3_600_000;
    expect(await ask(who, known)).toEqual(ada);
    expect(await ask(who, await issuer.sign({ ...member, jti: 'new' }))).toEqual(ada);
  });

  it('that nobody has seen, while the issuer is away, are an honest 503', async () => {
    const who = identifier();
    expect(await ask(who, await issuer.sign(member))).toEqual(ada);
    await issuer.rotate();
    issuer.down = true;
    ground.clock += 11_000;
    const token = await issuer.sign(member);
    expect(await ask(who, token)).toMatch(/^issuer_unavailable: .*cannot be reached/);
    expect(await ask(who, token)).toMatch(/^issuer_unavailable/);
    issuer.down = false;
    ground.clock += 2_000;
    expect(await ask(who, token)).toEqual(ada);
  });

  it('are found as soon as an issuer is there that was not at first', async () => {
    const who = identifier();
    issuer.down = true;
    const token = await issuer.sign(member);
    expect(await ask(who, token)).toMatch(/^issuer_unavailable/);
    issuer.down = false;
    expect(await ask(who, token)).toMatch(/^issuer_unavailable/);
    ground.clock += 2_000;
    expect(await ask(who, token)).toEqual(ada);
  });
});

/** HMAC with what everybody knows: a verifier that leaves the algorithm to the token takes it. */
async function byPublicKey({ url, publicKey }: IssuerFixture, how: 'spki' | 'jwk') {
  const { jwk, kid } = publicKey();
  const pem = await exportSPKI((await importJWK(jwk, 'ES256')) as CryptoKey);
  return await new SignJWT({ ...member, aud: 'wakefield' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
    .setIssuer(url)
    .setSubject('ada')
    .setExpirationTime(ground.clock / 1000 + 60)
    .sign(Buffer.from(how === 'spki' ? pem : JSON.stringify(jwk)));
}

function tampered(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const more = { ...claims, groups: ['/projects/eu-00-00/managers'] };
  return [header, Buffer.from(JSON.stringify(more)).toString('base64url'), signature].join('.');
}
