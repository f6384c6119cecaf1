import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Places that a login shell of an ordinary user often leaves out of PATH. */
const systemDirectories = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/opt/homebrew/bin',
];

/** Every executable file of that name: those on PATH in its order, then the system's usual places. */
export function findCommands(name: string, path = process.env.PATH ?? ''): readonly string[] {
  const directories = [...path.split(delimiter).filter((dir) => dir !== ''), ...systemDirectories];
  return [...new Set(directories)].map((dir) => join(dir, name)).filter(isExecutable);
}

/** @returns the first of {@link findCommands}, or null */
export function findCommand(name: string, path?: string): string | null {
  return findCommands(name, path)[0] ?? null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
