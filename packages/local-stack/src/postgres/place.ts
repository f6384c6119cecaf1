import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../setup-error.ts';
import type { Account } from './account.ts';
import { blockingFolder } from './reach.ts';

/** Where one PostgreSQL keeps its things. */
export interface Place {
  /** Ours: password, log, the pointer to `home`. */
  readonly directory: string;
  /** PostgreSQL's: its data, and its program files where they had to be copied. */
  readonly home: string;
}

/** Parents for the data of a user who may not enter root's home; the first that takes it. */
const alternatives = ['/var/lib/wakefield', '/var/tmp/wakefield'];

/**
 * Data lives in `directory` (which is there), unless the account that must own it cannot get there (a clone under /root, mode
 * 0700); then in a folder of its own under /var, noted in `directory/location`.
 */
export function choosePlace(
  directory: string,
  account: Account | null,
  report: (line: string) => void,
): Place {
  if (account === null) return { directory, home: directory };
  const noted = notedHome(directory);
  if (noted !== null) return { directory, home: noted };
  const blocking = blockingFolder(directory, account);
  if (blocking === null) return { directory, home: directory };
  const home = makeAlternative(directory, account, blocking);
  writeFileSync(join(directory, 'location'), `${home}\n`);
  report(
    `Postgres runs as "${account.name}", who may not enter ${blocking}; its data goes to ${home}`,
  );
  return { directory, home };
}

/** Where the data of this directory went at an earlier start, if elsewhere. */
export function notedHome(directory: string): string | null {
  const pointer = join(directory, 'location');
  return existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : null;
}

function makeAlternative(directory: string, account: Account, blocking: string): string {
  const name = `postgres-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
  for (const parent of alternatives) {
    if (blockingFolder(parent, account) !== null) continue;
    try {
      mkdirSync(join(parent, name), { recursive: true, mode: 0o755 });
      accessSync(join(parent, name), constants.W_OK);
      return join(parent, name);
    } catch {
      // Read-only or forbidden: the next one.
    }
  }
  throw new SetupError(
    `Postgres runs as "${account.name}" here, who may not enter ${blocking}, and none of ` +
      `${alternatives.join(', ')} can be written. Choose another data directory with WAKEFIELD_DATA, ` +
      `or allow passing through: chmod o+x ${blocking}`,
  );
}
