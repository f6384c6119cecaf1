import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCookie } from './cookie.ts';
import { returnPath } from './return-path.ts';
import { keyFor, seal, unseal } from './seal.ts';

describe('the page to come back to', () => {
  const fallback = '/swagger/index.html';

  it.each([
    ['/swagger/index.html', '/swagger/index.html'],
    ['/ops/queues?tab=1#x', '/ops/queues?tab=1'],
    ['/console', '/console'],
    ['/api/v1/services/7/proxy/lab?a=1', '/api/v1/services/7/proxy/lab?a=1'],
    ['/api/v1/services/7/proxy/../visits', fallback],
    ['/api/v1/services', fallback],
    [undefined, fallback],
    ['', fallback],
    ['/p/demo', fallback],
    ['/auth/logout', fallback],
    ['/swaggerish', fallback],
    ['/ops/../auth/logout', fallback],
    ['/ops/%2e%2e/auth/logout', fallback],
    ['//evil.example/ops', fallback],
    ['/\\evil.example/ops', fallback],
    ['\\\\evil.example/ops', fallback],
    ['/\t/evil.example/ops', fallback],
    ['https://evil.example/ops', fallback],
    ['https:evil.example/ops', fallback],
    ['javascript:alert(1)//ops', fallback],
    ['http://here.invalid:80@evil.example/ops', fallback],
    [`/ops/${'x'.repeat(600)}`, fallback],
  ])('%j: %s', (wish, expected) => {
    expect(returnPath(wish)).toBe(expected);
  });

  it('is one of this site, whatever is asked for', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      'ops',
      'swagger',
      ':',
      '@',
      'evil.example',
      'https:',
      '%2f',
      '%5c',
      '\t',
      '\n',
      '?',
      '#',
      ';',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
        const url = new URL(returnPath(parts.join('')), 'https://ours.example/auth/callback');
        expect(url.host).toBe('ours.example');
        expect(url.pathname).toMatch(/^\/(swagger|ops|console)(\/|$)/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a seal', () => {
  const key = keyFor('test', 'secret');

  it('opens with its own key, and with no other', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const sealed = seal(key, text);
        expect(sealed).toMatch(/^[\w-]+$/);
        expect(unseal(key, sealed)).toBe(text);
        expect(unseal(keyFor('other', 'secret'), sealed)).toBeNull();
        expect(unseal(keyFor('test', 'other'), sealed)).toBeNull();
      }),
    );
  });

  it('breaks with every bit', () => {
    const bytes = Buffer.from(seal(key, 'a text'), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(unseal(key, changed.toString('base64url'))).toBeNull();
    }
    expect(unseal(key, '')).toBeNull();
    expect(unseal(key, 'x'.repeat(30))).toBeNull();
  });
});

describe('a cookie', () => {
  it('is bound to this host over https', () => {
    expect(createCookie('wakefield_session', true).set('w', 60)).toBe(
      '__Host-wakefield_session=w; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure',
    );
    const plain = createCookie('wakefield_session', false);
    expect(plain.values('__Host-wakefield_session=a; wakefield_session=b')).toEqual(['b']);
    expect(plain.clear()).toContain('Max-Age=0');
  });
});
