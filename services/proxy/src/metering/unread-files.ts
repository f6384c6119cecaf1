import { renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '@wakefield/runtime';
import type { SpoolFileError } from './segment.ts';

/** Looks that a file is given, each after a minute: a disk may come back. */
const mostTries = 3;

export interface UnreadFilesOptions {
  /** Of the spool: files that are set aside go there, for a person to look at. */
  readonly root: string;
  readonly logger: Logger;
  /** One more was set aside. */
  readonly setAside: () => void;
}

/**
 * Files of the spool that cannot be read or removed. Nobody else waits for one: it is tried again after the next look for
 * what dead processes have left, a few times, and then set aside under another name.
 */
export class UnreadFiles {
  readonly #options: UnreadFilesOptions;
  readonly #tries = new Map<string, number>();
  readonly #resting = new Set<string>();

  constructor(options: UnreadFilesOptions) {
    this.#options = options;
  }

  /** Whether it is to be left alone until the next look. */
  rests(path: string): boolean {
    return this.#resting.has(path);
  }

  lookAgain(): void {
    this.#resting.clear();
  }

  /** @returns whether it is out of the way: somebody has deleted it, or it was set aside */
  failed({ path, cause, isMissing }: SpoolFileError): boolean {
    const tries = (this.#tries.get(path) ?? 0) + 1;
    this.#tries.set(path, tries);
    if (tries === 1) {
      const directory = dirname(path);
      this.#options.logger.error(
        { err: cause, path, directory },
        'a file of the usage spool cannot be read',
      );
    }
    const isGone = isMissing || (tries >= mostTries && this.#putAside(path));
    if (isGone) this.#tries.delete(path);
    else this.#resting.add(path);
    return isGone;
  }

  #putAside(path: string): boolean {
    const { root, logger, setAside } = this.#options;
    const to = join(root, `unreadable-${basename(dirname(path))}-${basename(path)}`);
    try {
      renameSync(path, to);
    } catch {
      return false;
    }
    setAside();
    logger.error(
      { path, to },
      'a file of the usage spool is set aside: what of it was not shipped is not counted',
    );
    return true;
  }
}
