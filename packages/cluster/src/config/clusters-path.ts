import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Folders that relative file names of the environment begin at. */
export interface CallersPlace {
  /** Of this checkout: `WAKEFIELD_DATA` and its default `.wakefield` are found there. */
  readonly root: string;
  /** Where the caller's shell stands: `WAKEFIELD_CLUSTERS` is found there. */
  readonly workingDirectory: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Directory of everything that is kept on this machine; absolute. */
export function dataDirectory(environment: Environment, root: string): string {
  return resolve(root, environment.WAKEFIELD_DATA || '.wakefield');
}

/** The one clusters.yaml that `npm start` and `npm run cluster` mean; absolute, whether it is there or not. */
export function clustersFilePath(environment: Environment, place: CallersPlace): string {
  const named = environment.WAKEFIELD_CLUSTERS;
  return named
    ? resolve(place.workingDirectory, named)
    : join(dataDirectory(environment, place.root), 'clusters.yaml');
}

/** The file that `npm start` makes out of the user's for its services; there only after a start. */
export function clustersInUsePath(environment: Environment, root: string): string {
  return join(dataDirectory(environment, root), 'clusters.run.yaml');
}

/** Short id in job names: what the environment says, else the one that `npm start` drew, else `main`. */
export async function installationOf(environment: Environment, root: string): Promise<string> {
  if (environment.WAKEFIELD_INSTALLATION) return environment.WAKEFIELD_INSTALLATION;
  const kept = join(dataDirectory(environment, root), 'installation');
  const text = await readFile(kept, 'utf8').catch(() => '');
  return text.trim() || 'main';
}

/** Settings of a cluster that name a file of this machine, by its kind. */
export const fileSettings: Readonly<Record<string, readonly (readonly string[])[]>> = {
  local: [['directory'], ['modelDirectory']],
  heappe: [
    ['caFile'],
    ['credential', 'keyFile'],
    ['credential', 'passwordFile'],
    ['credential', 'tokenFile'],
    ['transport', 'keyFile'],
    ['transport', 'passphraseFile'],
  ],
  'slurm-ssh': [
    ['keyFile'],
    ['passphraseFile'],
    ['transport', 'keyFile'],
    ['transport', 'passphraseFile'],
  ],
};

/** What a file name of clusters.yaml means: relative to the file's folder; `~` is the home. */
export function resolveFileName(folder: string, name: string): string {
  return resolve(folder, name.replace(/^~(?=\/|$)/, homedir()));
}
