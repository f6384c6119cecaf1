import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

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
  return signedAnew(token, {}, privateKey, 'never-seen');
}

/** The same claims but for some of them, signed with this key. */
export function signedAnew(
  token: string,
  changed: object,
  key: KeyObject,
  kid: unknown = kidOf(token),
): string {
  const [, payload = ''] = token.split('.');
  const claims = encoded({ ...decoded(payload), ...changed });
  const signed = `${encoded({ alg: 'RS256', typ: 'JWT', kid })}.${claims}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

/** Whether this public key verifies it. */
export function isSignedBy(token: string, key: JsonWebKey): boolean {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const publicKey = createPublicKey({ key, format: 'jwk' });
  return verify('sha256', Buffer.from(token.slice(0, end)), publicKey, signature);
}

/** The same claims with an HMAC, for which what everybody knows is the secret. */
export function hmacSigned(token: string, secret: string): string {
  const [header = '', payload] = token.split('.');
  const signed = `${encoded({ ...decoded(header), alg: 'HS256' })}.${payload}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** What may be taken for a secret of a public key: its PEM, with and without the last line break, and its JWK. */
export function publicTexts(key: JsonWebKey): readonly string[] {
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return [String(pem), String(pem).trim(), JSON.stringify(key)];
}
