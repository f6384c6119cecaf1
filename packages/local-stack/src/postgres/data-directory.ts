import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keptPassword } from '../password.ts';
import { SetupError } from '../setup-error.ts';
import type { Account } from './account.ts';
import type { Place } from './place.ts';

/** The database's superuser and the name of the database that Wakefield uses. */
export const databaseUser = 'wakefield';

/** Major version of the data that is there, or null. */
export function dataVersion(data: string): number | null {
  try {
    const major = Number.parseInt(readFileSync(join(data, 'PG_VERSION'), 'utf8'), 10);
    return Number.isNaN(major) ? null : major;
  } catch {
    return null;
  }
}

/** Environment of PostgreSQL's programs: nothing of the caller's (PGDATA, PGPORT …). */
export function postgresEnvironment(): Record<string, string> {
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * Makes an empty database, whole or not at all: initdb works on the side and the result is moved into place.
 * @param sync false leaves writing out to the operating system, for throw-away databases
 */
export async function createData(
  place: Place,
  binFolder: string,
  account: Account | null,
  sync: boolean,
): Promise<void> {
  const half = join(place.home, 'data.new');
  const passwordCopy = join(place.home, 'initdb.password');
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { mode: 0o700 });
  chmodSync(half, 0o700);
  writeFileSync(passwordCopy, keptPassword(place.directory), { mode: 0o600 });
  if (account !== null)
    for (const path of [half, passwordCopy]) chownSync(path, account.uid, account.gid);
  try {
    await promisify(execFile)(
      join(binFolder, 'initdb'),
      [
        `--pgdata=${half}`,
        `--username=${databaseUser}`,
        '--auth=scram-sha-256',
        `--pwfile=${passwordCopy}`,
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
        ...(sync ? [] : ['--no-sync']),
      ],
      {
        cwd: place.home,
        env: postgresEnvironment(),
        timeout: 120_000,
        ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
      },
    );
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new SetupError(`Making a database with ${binFolder}/initdb failed:\n${stderr}`, error);
  } finally {
    rmSync(passwordCopy, { force: true });
  }
  renameSync(half, join(place.home, 'data'));
}
