import ssh2 from 'ssh2';

/**
 * An Ed25519 pair: OpenSSH's private form, and a line of authorized_keys. ssh2 drops leading zero bytes of about one key in
 * a hundred and cannot read what it wrote, so a pair is taken only when it can.
 */
export function newKeyPair(): { readonly privateKey: string; readonly publicKey: string } {
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519');
    const isGood = [privateKey, publicKey].every(
      (text) => !(ssh2.utils.parseKey(text) instanceof Error),
    );
    if (isGood) return { privateKey, publicKey };
  }
}
