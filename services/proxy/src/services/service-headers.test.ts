import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromService, sessionOf, withoutOurs } from './service-headers.ts';
import type { ServicePlace } from './service-place.ts';

const prefix = '/api/v1/services/7/proxy';
const atRoot: ServicePlace = {
  prefix,
  rest: '/a/b?c',
  isVisited: false,
  publicHost: 'ai.example.org',
  address: { host: '10.1.2.3', port: 8888 },
  underBasePath: false,
};
const below: ServicePlace = { ...atRoot, underBasePath: true };

const told = (headers: object, place = atRoot) =>
  fromService({ ...headers }, place, 'req_1', false);

describe('where a service redirects to', () => {
  const outside = '/p/demo/models/x';
  it.each([
    // [what it says, at the root, below its base path]
    ['/login?a=/b#c', `${prefix}/login?a=/b#c`, null],
    [`${prefix}/lab`, `${prefix}/lab`, `${prefix}/lab`],
    [`${prefix}evil`, `${prefix}${prefix}evil`, null],
    ['tree', `${prefix}/a/tree`, `${prefix}/a/tree`],
    ['../tree', `${prefix}/tree`, `${prefix}/tree`],
    ['?next', `${prefix}/a/b?next`, `${prefix}/a/b?next`],
    ['http://10.1.2.3:8888/a?b#c', `${prefix}/a?b#c`, null],
    [`//10.1.2.3:8888${prefix}/a`, `${prefix}/a`, `${prefix}/a`],
    [`https://AI.example.org${prefix}/a`, `${prefix}/a`, `${prefix}/a`],
    ['https://elsewhere.example/a', 'https://elsewhere.example/a', 'https://elsewhere.example/a'],
    ['//elsewhere.example/a', '//elsewhere.example/a', '//elsewhere.example/a'],
    ['http://10.1.2.3:8888//elsewhere.example', `${prefix}//elsewhere.example`, null],
    ['javascript:alert(1)', 'javascript:alert(1)', 'javascript:alert(1)'],
    // Out of it: a caller would ask our api there, with the key.
    [outside, `${prefix}${outside}`, null],
    [`https://ai.example.org${outside}`, `${prefix}${outside}`, null],
    [`https://ai.example.org:443${outside}`, `${prefix}${outside}`, null],
    [`//ai.example.org.${outside}`, `${prefix}${outside}`, null],
    [`https://x@ai%2eexample.org${outside}`, `${prefix}${outside}`, null],
    [`https://ai.example.org:8443${outside}`, null, null],
    ['/../../other', `${prefix}/other`, null],
    ['../../../other', `${prefix}/other`, null],
    ['../../%2e%2e/.%2E/../../../p', `${prefix}/p`, null],
    [`${prefix}/../../x`, `${prefix}/api/v1/services/x`, null],
    [`${prefix}/%2e%2e/x`, `${prefix}/api/v1/services/7/x`, null],
    ['a////../../../../../x', `${prefix}/x`, `${prefix}/x`],
    ['/..//elsewhere.example', `${prefix}//elsewhere.example`, null],
    // Read in one way by some, in another by others.
    [`/\\x/..${outside}`, null, null],
    ['..\\..\\..\\x', null, null],
    ['/\t/x', null, null],
    ['.\n./x', null, null],
    [`//${outside}`, null, null],
    [`http://${outside}`, null, null],
    ['http:/p/demo', null, null],
    ['https:p', null, null],
    ['http://', null, null],
    ['//[', null, null],
  ])('%j', (location, fromRoot, fromBelow) => {
    expect(told({ location }).location).toBe(fromRoot ?? undefined);
    expect(told({ location }, below).location).toBe(fromBelow ?? undefined);
  });

  it('is never anything of ours but itself, however it is written', () => {
    const word = fc.constantFrom(
      ...['/', '..', '.', '%2e%2e', '%2E', '\\', '\t', ' ', '?', '#', '@', ':', 'http:', 'https:'],
      ...['ai.example.org', '10.1.2.3:8888', 'x', 'p', prefix],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), fc.boolean(), (words, isBelow) => {
        const { location } = told({ location: words.join('') }, isBelow ? below : atRoot);
        if (location === undefined) return;
        for (const scheme of ['http:', 'https:']) {
          const to = URL.parse(location, `${scheme}//ai.example.org${prefix}/a/b?c`);
          if (to?.hostname !== 'ai.example.org') continue;
          expect(`${to.pathname}/`.slice(0, prefix.length + 1)).toBe(`${prefix}/`);
        }
      }),
    );
  });
});

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
    expect(told({ 'set-cookie': [cookie] })['set-cookie']).toEqual(
      kept === null ? undefined : [kept],
    );
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
        for (const set of told({ 'set-cookie': [cookie] })['set-cookie'] ?? []) {
          const name = (set.split(';')[0] ?? '').split('=')[0]?.trim() ?? '';
          expect(name).not.toMatch(/^(__host-|__secure-)?wakefield_/i);
          expect(set).toContain(`Path=${prefix}/`);
        }
        for (const pair of withoutOurs(cookie)?.split(';') ?? [])
          expect(pair.trim()).not.toMatch(/^(__host-|__secure-)?wakefield_/i);
      }),
    );
  });
});
