import { execFile } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findCommands, isExecutable } from '../process/find-command.ts';
import { SetupError } from '../setup-error.ts';
import { findEmbedded } from './embedded.ts';

/** Programs of one PostgreSQL installation. */
export interface Binaries {
  readonly source: 'system' | 'embedded';
  /** Folder with `postgres` and `initdb`. */
  readonly folder: string;
  readonly major: number;
}

/** The oldest that the store is tried on. */
const oldestMajor = 14;

/** Parent folders with one folder per version, and what to append to it. */
const versioned = [
  { parent: '/usr/lib/postgresql', match: /^[\d.]+$/, rest: 'bin' },
  { parent: '/usr', match: /^pgsql-[\d.]+$/, rest: 'bin' },
  { parent: '/usr/libexec', match: /^postgresql\d+$/, rest: '' },
  { parent: '/opt/homebrew/opt', match: /^postgresql(@\d+)?$/, rest: 'bin' },
  { parent: '/usr/local/opt', match: /^postgresql(@\d+)?$/, rest: 'bin' },
  { parent: '/Applications/Postgres.app/Contents/Versions', match: /^\d+$/, rest: 'bin' },
];

/** Every PostgreSQL of this machine, preferred first: PATH, the usual places (newest first), the npm package. */
export async function findBinaries(): Promise<readonly Binaries[]> {
  const folders = [
    ...findCommands('postgres').map((file) => dirname(realpathSync(file))),
    ...versioned.flatMap(listVersions),
  ].filter(
    (folder) => isExecutable(join(folder, 'postgres')) && isExecutable(join(folder, 'initdb')),
  );
  const system = await Promise.all(
    [...new Set(folders)].map(async (folder) => {
      const major = await majorOf(join(folder, 'postgres'));
      return major === null ? [] : [{ source: 'system' as const, folder, major }];
    }),
  );
  const embedded = await findEmbedded();
  return embedded === null ? system.flat() : [...system.flat(), embedded];
}

function listVersions(place: (typeof versioned)[number]): readonly string[] {
  try {
    return readdirSync(place.parent)
      .filter((name) => place.match.test(name))
      .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      .map((name) => join(place.parent, name, place.rest));
  } catch {
    return [];
  }
}

/** Major version by `postgres --version`; null when it does not run here. */
async function majorOf(file: string): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], { timeout: 10_000 });
    return parseMajor(stdout);
  } catch {
    return null;
  }
}

/** `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15 */
export function parseMajor(version: string): number | null {
  const match = /\(PostgreSQL\) (\d+)/.exec(version);
  return match === null ? null : Number(match[1]);
}

/**
 * Data can be opened only by the major version that made it (postgresql.org, "Upgrading a PostgreSQL Cluster").
 * @param dataMajor version of the data that is there, null for a fresh start
 */
export function chooseBinaries(
  found: readonly Binaries[],
  dataMajor: number | null,
  dataDirectory: string,
): Binaries {
  if (dataMajor === null) {
    const fit = found.find((one) => one.major >= oldestMajor);
    if (fit !== undefined) return fit;
    throw new SetupError(
      `No usable PostgreSQL (${oldestMajor} or later) is here: ${describe(found)}. ` +
        'Install one (apt-get install postgresql, dnf install postgresql-server, brew install postgresql) or set DATABASE_URL.',
    );
  }
  const same = found.find((one) => one.major === dataMajor);
  if (same !== undefined) return same;
  throw new SetupError(
    `The data in ${dataDirectory} was made by PostgreSQL ${dataMajor}; here is ${describe(found)}. ` +
      `Install PostgreSQL ${dataMajor}, or move that directory away to start with an empty database.`,
  );
}

function describe(found: readonly Binaries[]): string {
  return found.length === 0
    ? 'none'
    : found
        .map((one) => `${one.major} (${one.source === 'embedded' ? 'npm package' : one.folder})`)
        .join(', ');
}
