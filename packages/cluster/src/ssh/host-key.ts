import { createHash, timingSafeEqual } from 'node:crypto';

/** A host key that we accept: the key itself, or its SHA-256 fingerprint as ssh-keygen(1) prints it. */
export type HostKeyPin =
  | { readonly kind: 'key'; readonly type: string; readonly blob: Buffer }
  | { readonly kind: 'fingerprint'; readonly fingerprint: string };

/** Reads `ssh-ed25519 AAAA…` (further words are a comment) or `SHA256:…`; null when it is neither. */
export function parseHostKey(text: string): HostKeyPin | null {
  const trimmed = text.trim();
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(trimmed))
    return { kind: 'fingerprint', fingerprint: trimmed };
  const [type = '', base64 = ''] = trimmed.split(/\s+/);
  const blob = Buffer.from(base64, 'base64');
  if (type === '' || keyType(blob) !== type) return null;
  return { kind: 'key', type, blob };
}

/** Whether one of the pins stands for the key that the server showed (RFC 4253 §6.6 encoding). */
export function isPinned(shown: Buffer, pins: readonly HostKeyPin[]): boolean {
  return pins.some((pin) =>
    pin.kind === 'key'
      ? pin.blob.length === shown.length && timingSafeEqual(pin.blob, shown)
      : pin.fingerprint === fingerprint(shown),
  );
}

/** As `ssh-keygen -lf` prints it: `SHA256:` and base64 without padding. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** The line of a .pub file for a key that a server showed; null when it is no ssh key. */
export function formatHostKey(blob: Buffer): string | null {
  const type = keyType(blob);
  return type === null ? null : `${type} ${blob.toString('base64')}`;
}

/**
 * Signature algorithms to offer, so that the server shows a key of a kind that is pinned: a server with several
 * keys shows the one that the client names first. Undefined when a pin does not tell its kind.
 */
export function hostKeyAlgorithms(pins: readonly HostKeyPin[]): readonly string[] | undefined {
  if (pins.some((pin) => pin.kind === 'fingerprint')) return undefined;
  const types = pins.flatMap((pin) => (pin.kind === 'key' ? [pin.type] : []));
  return [
    ...new Set(
      types.flatMap((type) =>
        type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type],
      ),
    ),
  ];
}

/** The type stands inside the blob, too: a length of 4 bytes and the name. */
function keyType(blob: Buffer): string | null {
  if (blob.length < 8) return null;
  const length = blob.readUInt32BE(0);
  if (length > 64 || blob.length < 4 + length) return null;
  const type = blob.toString('latin1', 4, 4 + length);
  return /^[a-z0-9@.-]+$/.test(type) ? type : null;
}
