import { readFileSync, statSync } from 'node:fs';
import { SetupError } from '../setup-error.ts';

/** The user that PostgreSQL runs as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root (initdb(1)), so root lends its data to somebody harmless.
 * @param dataDirectory if it exists, its owner stays the one
 * @returns null when the caller is an ordinary user and may run it himself
 */
export function chooseAccount(dataDirectory: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const accounts = parsePasswd(readPasswd());
  const owner = ownerOf(dataDirectory);
  if (owner !== null && owner.uid !== 0)
    return (
      accounts.find((account) => account.uid === owner.uid) ?? { ...owner, name: `${owner.uid}` }
    );
  const chosen = pickAccount(accounts);
  if (chosen === null)
    throw new SetupError(
      'PostgreSQL does not run as root, and there is neither a user "postgres" nor a user "nobody". ' +
        'Create one (useradd --system postgres) or start as an ordinary user.',
    );
  return chosen;
}

/** PostgreSQL's own user if it is there, else the one who owns nothing. */
export function pickAccount(accounts: readonly Account[]): Account | null {
  const named = (name: string) => accounts.find((account) => account.name === name);
  return named('postgres') ?? named('nobody') ?? null;
}

/** passwd(5); lines that make no sense are passed over. */
export function parsePasswd(text: string): readonly Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) && name !== ''
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : [];
  });
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

function ownerOf(path: string): { readonly uid: number; readonly gid: number } | null {
  try {
    const { uid, gid } = statSync(path);
    return { uid, gid };
  } catch {
    return null;
  }
}
