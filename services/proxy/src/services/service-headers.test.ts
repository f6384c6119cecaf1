import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromService, type ServicePlace, withoutOurs } from './service-headers.ts';

const prefix = '/api/v1/services/7/proxy';
const atRoot: ServicePlace = {
  prefix,
  publicHost: 'ai.example.org',
  address: { host: '10.1.2.3', port: 8888 },
  underBasePath: false,
};
const below: ServicePlace = { ...atRoot, underBasePath: true };

const told = (headers: object, place = atRoot) =>
  fromService({ ...headers }, place, 'req_1', false);

describe('where a service redirects to', () => {
  it.each([
    ['/login?a=/b', `${prefix}/login?a=/b`, '/login?a=/b'],
    [`${prefix}/lab`, `${prefix}/lab`, `${prefix}/lab`],
    [`${prefix}evil`, `${prefix}${prefix}evil`, `${prefix}evil`],
    ['tree', 'tree', 'tree'],
    ['?next', '?next', '?next'],
    ['http://10.1.2.3:8888/a?b#c', `${prefix}/a?b#c`, '/a?b#c'],
    ['//10.1.2.3:8888/a', `${prefix}/a`, '/a'],
    ['https://AI.example.org/a', `${prefix}/a`, '/a'],
    ['https://elsewhere.example/a', 'https://elsewhere.example/a', 'https://elsewhere.example/a'],
    ['//elsewhere.example/a', '//elsewhere.example/a', '//elsewhere.example/a'],
    ['http://10.1.2.3:8888//elsewhere.example', null, null],
    ['javascript:alert(1)', 'javascript:alert(1)', 'javascript:alert(1)'],
    ['http://', 'http://', 'http://'],
  ])('%s', (location, fromRoot, fromBelow) => {
    expect(told({ location }).location).toBe(fromRoot ?? location);
    expect(told({ location }, below).location).toBe(fromBelow ?? location);
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
