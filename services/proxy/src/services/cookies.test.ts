import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cookiesOf, sessionOf, setByService, withoutOurs } from './cookies.ts';

const prefix = '/api/v1/services/7/proxy';
const plain = { prefix, guardsCookies: false };
const guarded = { prefix, guardsCookies: true };

describe('cookies', () => {
  it.each([
    ['a=1', `a=1; Path=${prefix}/`],
    ['a=1; Path=/; Domain=example.org; Secure', `a=1; Secure; Path=${prefix}/`],
    [`a=1; path=${prefix}/x`, `a=1; Path=${prefix}/x`],
    ['a=1;PATH=relative', `a=1; Path=${prefix}/`],
    ['a=b=c; HttpOnly', `a=b=c; HttpOnly; Path=${prefix}/`],
    ['nameless', null],
    ['=nameless', null],
    [' wakefield_session=1', null],
    ['__Host-wakefield_visit=1', null],
    ['__SECURE-WAKEFIELD_x=1', null],
  ])('of a service: %s', (cookie, kept) => {
    expect(cookiesOf(cookie, plain)).toEqual(kept === null ? [] : [kept]);
  });

  it.each([
    [undefined, undefined],
    ['wakefield_session=1', undefined],
    ['a=1; __Host-wakefield_session=2;b="x y"', 'a=1; b="x y"'],
    ['mine_wakefield_=1', 'mine_wakefield_=1'],
  ])('of a caller: %s', (cookie, kept) => {
    expect(withoutOurs(cookie)).toBe(kept);
  });

  it('of a session are what is kept for a visit', () => {
    const session = '__Host-wakefield_session=1';
    expect(sessionOf(`sso=x; ${session}; wakefield_visit=2`)).toBe(session);
    expect(sessionOf('sso=x')).toBeUndefined();
  });

  it('of ours are nobody else’s to set or to read, however they are written', () => {
    const word = fc.constantFrom(
      ...['wakefield_session', '__Host-', '__Secure-', 'WakeField_visit', '=', ';', ' ', '\t', 'x'],
      ...['Path=/', 'Domain=', ','],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const cookie = words.join('');
        for (const set of cookiesOf(cookie, plain)) {
          const name = (set.split(';')[0] ?? '').split('=')[0]?.trim() ?? '';
          expect(name).not.toMatch(/^(__host-|__secure-)?wakefield_/i);
          expect(set).toContain(`Path=${prefix}/`);
        }
        const passed = [withoutOurs, setByService].map((read) => read(cookie) ?? '').join(';');
        const names = [...passed.split(';'), ...cookiesOf(cookie, guarded)].map((one) =>
          one.trim(),
        );
        expect(names.filter((one) => /^(__host-|__secure-)?wakefield_/i.test(one))).toEqual([]);
      }),
    );
  });

  it.each([
    // What a script may look for is there under its own name, too.
    ['a=1', ['__Host-service_a=1; Secure; Path=/', `a=1; Path=${prefix}/`]],
    ['a=1; HttpOnly', ['__Host-service_a=1; HttpOnly; Secure; Path=/']],
    [
      'a=; Max-Age=0; secure; Path=/x; Domain=example.org; httponly',
      ['__Host-service_a=; Max-Age=0; httponly; Secure; Path=/'],
    ],
    ['__Host-a=1; Secure; Path=/', ['__Host-service___Host-a=1; Secure; Path=/']],
    ['nameless', []],
    ['__Host-wakefield_visit=1', []],
  ])('of a service for which browsers vouch: %s', (cookie, kept) => {
    expect(cookiesOf(cookie, guarded)).toEqual(kept);
  });

  it.each([
    [undefined, undefined],
    ['sso=of-the-domain; a=tossed-by-another', undefined],
    ['sso=x; __Host-service_a=1; a=1', 'a=1'],
    ['__Host-service___Host-a=1; __Host-b=of-a-page', '__Host-a=1; __Host-b=of-a-page'],
    ['__Secure-sso=of-the-domain; __host-x=1', undefined],
    ['__Host-wakefield_visit=1; __Host-service_wakefield_session=1', undefined],
  ])('of a caller, as far as they are the service’s: %s', (cookie, kept) => {
    expect(setByService(cookie)).toBe(kept);
  });

  it('that a service sets over https come back as they were set', () => {
    const text = fc.stringMatching(/^[A-Za-z0-9_.-]{1,8}$/);
    fc.assert(
      fc.property(text, text, fc.boolean(), (name, value, isHidden) => {
        const set = `${name}=${value}; Path=/${isHidden ? '; HttpOnly' : ''}`;
        const jar = cookiesOf(set, guarded).map((cookie) => cookie.split(';')[0]);
        const expected = /^(__(host|secure)-)?wakefield_/i.test(name)
          ? undefined
          : set.split(';')[0];
        expect(setByService(['sso=x', ...jar].join('; '))).toBe(expected);
      }),
    );
  });
});
