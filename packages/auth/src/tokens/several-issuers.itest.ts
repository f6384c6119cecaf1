import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { useGround } from '../../test/ground.ts';
import { type IssuerFixture, startIssuer } from '../../test/issuer-fixture.ts';
import { identifierOf, outcome } from '../../test/known.ts';
import type { TokenIdentifier } from './token-identifier.ts';

let site: IssuerFixture;
let lab: IssuerFixture;
const ground = useGround();

beforeEach(async () => {
  [site, lab] = await Promise.all([startIssuer(ground.now), startIssuer(ground.now)]);
});
afterEach(async () => {
  await Promise.all([site.close(), lab.close()]);
});

/** @param ofSite which tokens the first of the two is asked about */
function identifier(ofSite: 'opaque' | 'signed'): TokenIdentifier {
  const issuer = (name: string, url: string, tokens: string) => `
  - name: ${name}
    issuer: ${url}
    audiences: [wakefield]
    introspection: { clientId: wakefield, clientSecretFile: secret, tokens: ${tokens}, cache: 30 }
    grants: [{ claim: groups, pattern: '/projects/{project}', role: user }]`;
  const yaml = `issuers:${issuer('site', site.url, ofSite)}${issuer('lab', lab.url, 'opaque')}\n`;
  return identifierOf(yaml, ground.folder, ground.now);
}

/** The lab knows it. */
function tokenOfLab(): string {
  const claims = { active: true, token_type: 'Bearer', sub: 'ada', aud: 'wakefield', iss: lab.url };
  lab.introspected.set('opaque-1', { ...claims, exp: ground.clock / 1000 + 300 });
  return 'opaque-1';
}
const ask = (who: TokenIdentifier, token: string) => outcome(who.identify(`Bearer ${token}`));
const asks = () =>
  [site, lab].map(({ asked }) => asked.filter((path) => path === '/introspect').length);

describe('a token that says nothing, where there are several issuers', () => {
  it('is shown to whoever knew it, and to nobody else, as long as it is known', async () => {
    const who = identifier('opaque');
    const token = tokenOfLab();
    expect(await ask(who, token)).toMatchObject({ id: 'lab:ada' });
    expect(asks()).toEqual([1, 1]);
    ground.clock += 61_000;
    expect(await ask(who, token)).toMatchObject({ id: 'lab:ada' });
    expect(asks()).toEqual([1, 2]);
  });

  it('is shown to nobody but the issuer at which its browser signed in', async () => {
    const who = identifier('opaque');
    expect(await outcome(who.ofToken(tokenOfLab(), 'lab'))).toMatchObject({ id: 'lab:ada' });
    expect(await outcome(who.ofToken('opaque-2', 'lab'))).toMatch(/^invalid_api_key/);
    expect(asks()).toEqual([0, 2]);
  });

  it('is not shown to one that is asked about signed ones alone', async () => {
    const who = identifier('signed');
    expect(await ask(who, tokenOfLab())).toMatchObject({ id: 'lab:ada' });
    expect(asks()).toEqual([0, 1]);
    expect(await ask(who, await site.sign())).toContain('not valid any more');
    expect(asks()).toEqual([1, 1]);
  });
});
