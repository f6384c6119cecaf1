import { expect, test } from '@jest/globals';
import { fingerprint } from './fingerprint.ts';

test('the order of keys makes no difference, at any depth', () => {
  const a = { kind: 'register', spec: { engineArgs: { x: 1, y: [1, 2] }, gpuCount: 1 } };
  const b = { spec: { gpuCount: 1, engineArgs: { y: [1, 2], x: 1 } }, kind: 'register' };
  expect(fingerprint(a)).toBe(fingerprint(b));
  expect(fingerprint(a)).toMatch(/^[0-9a-f]{64}$/);
});

test.each([
  [{ a: 1 }, { a: '1' }],
  [{ a: [1, 2] }, { a: [2, 1] }],
  [{ a: null }, {}],
  [
    ['p', { a: 1 }],
    ['q', { a: 1 }],
  ],
])('%j and %j differ', (a, b) => {
  expect(fingerprint(a)).not.toBe(fingerprint(b));
});
