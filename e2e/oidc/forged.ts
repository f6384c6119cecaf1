import { generateKeyPairSync, sign } from 'node:crypto';

/** A part of a JWT as JSON. */
export function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

/** JSON as a part of a JWT. */
export function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export function kidOf(token: string): unknown {
  return decoded(token.split('.')[0] ?? '').kid;
}

/** The same claims, signed by a key that nobody has ever seen. */
export function strangerSigned(token: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [, payload] = token.split('.');
  const signed = `${encoded({ alg: 'RS256', typ: 'JWT', kid: 'never-seen' })}.${payload}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}
