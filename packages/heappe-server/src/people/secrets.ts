import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

/** Cheap on purpose: these are secrets of tests, and every call with an API key checks one. */
const cost = { N: 16, r: 1, p: 1 };

export function secretOf(password: string): string {
  const salt = randomBytes(8);
  return `${salt.toString('hex')}:${scryptSync(password, salt, 32, cost).toString('hex')}`;
}

export function opens(secret: string | null, password: string): boolean {
  const [salt, hash] = (secret ?? '').split(':');
  if (salt === undefined || hash === undefined) return false;
  const given = scryptSync(password, Buffer.from(salt, 'hex'), 32, cost);
  return timingSafeEqual(given, Buffer.from(hash, 'hex'));
}
