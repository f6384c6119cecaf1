import { z } from 'zod';
import { parseHostKey } from '../ssh/host-key.ts';
import { line } from './fields.ts';

const hostKey = line.refine(
  (text) => parseHostKey(text) !== null,
  'expected a key as in a .pub file, or SHA256:… (`npm run cluster -- trust NAME` prints it)',
);

/** One or several; a login name may stand for several machines. */
const hostKeys = z
  .union([hostKey, z.array(hostKey).min(1)])
  .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value));

/** How to log in to a machine by ssh. Relative files are found beside clusters.yaml; `~` is the home. */
export const sshLogin = z.strictObject({
  host: line,
  port: z.int().min(1).max(65_535).default(22),
  user: line,
  /** Private key, OpenSSH or PEM. */
  keyFile: line,
  /** File with the passphrase of the key, where it has one. */
  passphraseFile: line.nullable().default(null),
  /** Pinned. Empty only until `trust` was run: nothing is logged in to without one. */
  hostKey: hostKeys.default([]),
});
