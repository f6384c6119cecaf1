import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Account } from './account.ts';

interface Modes {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Which folder on the way to `path` keeps the account out.
 * @param path absolute; need not exist, then its nearest existing parent counts
 * @returns the outermost such folder, or null when the way is free
 */
export function blockingFolder(
  path: string,
  account: Account,
  modesOf: (folder: string) => Modes | null = readModes,
): string | null {
  const folders = ancestors(path);
  return (
    folders.find((folder) => {
      const modes = modesOf(folder);
      return modes !== null && !maySearch(modes, account);
    }) ?? null
  );
}

/** From `/` down to the path itself. */
function ancestors(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...ancestors(parent), path];
}

/** path_resolution(7): the first class that fits decides. Supplementary groups are left out on purpose. */
function maySearch({ uid, gid, mode }: Modes, account: Account): boolean {
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

function readModes(folder: string): Modes | null {
  try {
    const { uid, gid, mode } = statSync(folder);
    return { uid, gid, mode };
  } catch {
    return null;
  }
}
