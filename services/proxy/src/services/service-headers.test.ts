import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromService } from './service-headers.ts';
import type { ServicePlace } from './service-place.ts';

const prefix = '/api/v1/services/7/proxy';
const atRoot: ServicePlace = {
  prefix,
  rest: '/a/b?c',
  isVisited: false,
  guardsCookies: false,
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
