import { describe, expect, it } from '@jest/globals';
import type { Principal } from '@wakefield/domain';
import fc from 'fast-check';
import { bearerToken } from './bearer.ts';
import { firstOf } from './identifier.ts';
import { createKeyCheck, createStaticKeyIdentifier } from './static-key.ts';

describe('bearerToken', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc ', 'abc'],
    ['Basic abc', null],
    ['Bearer', null],
    ['Bearer ', null],
    ['Bearer a b', null],
    ['abc', null],
    ['', null],
    [undefined, null],
  ])('%j carries %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });
});

describe('the static key', () => {
  const identifier = createStaticKeyIdentifier('s3cret');

  it('identifies its holder as the administrator of every project', () => {
    expect(identifier.identify('Bearer s3cret')).toEqual({
      kind: 'static',
      id: 'local',
      grants: [{ project: '*', role: 'admin' }],
    });
  });

  it('identifies nobody else, however close', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(text.trim() !== 's3cret');
        expect(identifier.identify(`Bearer ${text}`)).toBeNull();
      }),
    );
    expect(identifier.identify('Bearer s3cre')).toBeNull();
    expect(identifier.identify('Bearer s3cret2')).toBeNull();
    expect(identifier.identify('s3cret')).toBeNull();
    expect(identifier.identify(undefined)).toBeNull();
  });

  it('refuses to be empty', () => {
    expect(() => createKeyCheck('')).toThrow('empty');
  });
});

describe('firstOf', () => {
  const other: Principal = { kind: 'user', id: 'ada', grants: [] };

  it('takes the first that knows the caller', () => {
    const both = firstOf([
      createStaticKeyIdentifier('k'),
      { identify: (authorization) => (authorization === undefined ? null : other) },
    ]);
    expect(both.identify('Bearer k')).toMatchObject({ kind: 'static', id: 'local' });
    expect(both.identify('Bearer x')).toBe(other);
    expect(both.identify(undefined)).toBeNull();
  });
});
