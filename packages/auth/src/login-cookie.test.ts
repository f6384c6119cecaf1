import { describe, expect, it } from '@jest/globals';
import { createLoginCookie } from './login-cookie.ts';

const now = 1_700_000_000_000;
const cookie = createLoginCookie({ key: 'k', path: '/ops', lifetimeSeconds: 60 });
const sent = (setCookie: string) => setCookie.split(';')[0] ?? '';

describe('the login cookie', () => {
  it('is kept from scripts and from other sites', () => {
    expect(cookie.issue('local', now)).toMatch(
      /^wakefield_login=[\w-]+\.1700000060\.[\w-]{43}; Max-Age=60; Path=\/ops; HttpOnly; SameSite=Strict$/,
    );
  });

  it('says Secure where it may', () => {
    const secure = createLoginCookie({ key: 'k', path: '/', lifetimeSeconds: 1, secure: true });
    expect(secure.issue('local', now)).toMatch(/; Secure$/);
  });

  it('names its subject until it expires', () => {
    const header = `a=b; ${sent(cookie.issue('lócal.1', now))}; c=d`;
    expect(cookie.verify(header, now)).toBe('lócal.1');
    expect(cookie.verify(header, now + 59_999)).toBe('lócal.1');
    expect(cookie.verify(header, now + 60_000)).toBeNull();
  });

  it.each([
    ['no cookie', undefined],
    ['another cookie', 'x=y'],
    ['an empty one', 'wakefield_login='],
    ['an unsigned one', 'wakefield_login=bG9jYWw.9999999999.'],
    ['a forged one', `wakefield_login=bG9jYWw.9999999999.${'A'.repeat(43)}`],
    ['one part too many', `${sent(cookie.issue('local', now))}.x`],
  ])('trusts no %s', (_, header) => {
    expect(cookie.verify(header, now)).toBeNull();
  });

  it('is bound to subject, expiry and key', () => {
    const [, value = ''] = sent(cookie.issue('local', now)).split('=');
    const [subject, expires, mac] = value.split('.');
    expect(
      cookie.verify(`wakefield_login=${subject}.${Number(expires) + 1}.${mac}`, now),
    ).toBeNull();
    expect(cookie.verify(`wakefield_login=bG9jYWx4.${expires}.${mac}`, now)).toBeNull();
    const stranger = createLoginCookie({ key: 'other', path: '/ops', lifetimeSeconds: 60 });
    expect(stranger.verify(sent(cookie.issue('local', now)), now)).toBeNull();
  });

  it('finds the good one among several of its name', () => {
    const header = `wakefield_login=stale; ${sent(cookie.issue('local', now))}`;
    expect(cookie.verify(header, now)).toBe('local');
  });

  it('can be taken back', () => {
    expect(cookie.clear()).toBe(
      'wakefield_login=; Max-Age=0; Path=/ops; HttpOnly; SameSite=Strict',
    );
  });
});
