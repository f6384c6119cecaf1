import { expect, test } from '@jest/globals';
import { storable } from './storable.ts';

test('what Postgres cannot hold is replaced, in values and in keys', () => {
  expect(storable('a\0b\ud800')).toBe('a\uFFFDb\uFFFD');
  expect(storable({ 'k\0': ['\0', 1, null, true, { deep: '\0' }] })).toEqual({
    'k\uFFFD': ['\uFFFD', 1, null, true, { deep: '\uFFFD' }],
  });
});

test('everything else is kept as it is', () => {
  const value = { a: 'čeština 🚀', b: [1.5, -0.1, false], c: { d: null } };
  expect(storable(value)).toEqual(value);
});
