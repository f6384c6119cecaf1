import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IdKind, World } from './types.ts';

/** What outlives a restart: one JSON file that is replaced as a whole. */
export interface Database {
  readonly world: World;
  nextId(kind: IdKind): number;
  /** Writes what has changed. */
  save(): void;
}

/**
 * Opens the data directory, or fills it with `seed` when it is new.
 * @throws Error when the file is there and is no world
 */
export function openDatabase(directory: string, seed: () => World): Database {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'world.json');
  const world = read(file) ?? seed();
  let written = '';
  const save = () => {
    const text = JSON.stringify(world);
    if (text === written) return;
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    written = text;
  };
  save();
  return {
    world,
    nextId(kind) {
      world.lastIds[kind] += 1;
      return world.lastIds[kind];
    },
    save,
  };
}

function read(file: string): World | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as World;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
