import { describe, expect, test } from '@jest/globals';
import {
  fingerprint,
  formatHostKey,
  hostKeyAlgorithms,
  isPinned,
  parseHostKey,
} from './host-key.ts';

// Made with ssh-keygen for this test; the fingerprint is what `ssh-keygen -lf` said.
const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICm+Ja+J9v93R5gwggN9IljFW1Jf432D/TofatB/2QP6';
const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');

function pin(text: string) {
  const parsed = parseHostKey(text);
  if (parsed === null) throw new Error('no key');
  return parsed;
}

describe('host keys', () => {
  test('are read with and without a comment, and written back', () => {
    expect(parseHostKey(`${line} root@login`)).toEqual(parseHostKey(line));
    expect(formatHostKey(blob)).toBe(line);
  });

  test.each([
    '',
    'ssh-ed25519',
    'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAICm+',
    'SHA256:short',
    `x ${line}`,
  ])('%j is none', (text) => expect(parseHostKey(text)).toBeNull());

  test('are accepted by key and by fingerprint, and no others', () => {
    const changed = Buffer.from(blob);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const pins of [[pin(line)], [pin(fingerprint(blob))]]) {
      expect(isPinned(blob, pins)).toBe(true);
      expect(isPinned(changed, pins)).toBe(false);
      expect(isPinned(blob.subarray(1), pins)).toBe(false);
    }
    expect(isPinned(blob, [])).toBe(false);
  });

  test('say which kinds of key to ask for', () => {
    expect(hostKeyAlgorithms([pin(line)])).toEqual(['ssh-ed25519']);
    expect(hostKeyAlgorithms([pin(line), pin(fingerprint(blob))])).toBeUndefined();
    expect(hostKeyAlgorithms([{ kind: 'key', type: 'ssh-rsa', blob }])).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
    ]);
  });
});
