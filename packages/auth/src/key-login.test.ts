import { expect, it } from '@jest/globals';
import { keyLoginOf } from './key-login.ts';

const options = { lifetimeSeconds: 60, secure: false, publicUrl: null };

it.each([
  [false, null, false],
  [false, 'http://127.0.0.1:8080', false],
  [false, 'https://ai.example.org', true],
  [true, null, true],
])('SECURE_COOKIES %s and publicUrl %s: sent over https alone: %s', (secure, publicUrl, alone) => {
  const { login } = keyLoginOf({ masterKey: 'key' }, { ...options, secure, publicUrl });
  expect(login?.issue('local', 0).includes('; Secure')).toBe(alone);
});

it('there is none where the key does not open everything', () => {
  const { login, isKey } = keyLoginOf({ masterKey: null }, options);
  expect([login, isKey('key'), isKey('')]).toEqual([null, false, false]);
});
