import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from '../setup-error.ts';
import { isStillRunning, type ProcessStamp, stampOf } from './process-stamp.ts';

interface Holder extends ProcessStamp {
  readonly url: string;
}

/**
 * One start per data directory. The lock of a process that is no more (kill -9, power cut) is taken over.
 * @param url told to the one who comes second
 * @returns releases it
 * @throws SetupError naming the holder
 */
export async function lockDirectory(directory: string, url: string): Promise<() => void> {
  const file = join(directory, 'lock');
  const own = join(directory, `lock.${process.pid}`);
  const holder: Holder = { ...stampOf(process.pid), url };
  writeFileSync(own, JSON.stringify(holder));
  try {
    await withTakeover(directory, () => {
      const other = readHolder(file);
      if (other !== null && isStillRunning(other))
        throw new SetupError(
          `Wakefield already runs on ${directory}: ${other.url} (process ${other.pid}). ` +
            'End that one with Ctrl-C, or start this one with another WAKEFIELD_DATA and PORT.',
        );
      rmSync(file, { force: true });
      // A link appears with its content or not at all.
      linkSync(own, file);
    });
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
  };
}

function readHolder(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

/** Looking at the old lock and replacing it is one step: two that find it stale must not both win. */
async function withTakeover(directory: string, work: () => void): Promise<void> {
  const door = join(directory, 'lock.door');
  for (;;) {
    try {
      mkdirSync(door);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (isOld(door)) removeQuietly(door);
      await delay(20);
    }
  }
  try {
    work();
  } finally {
    removeQuietly(door);
  }
}

/** The work behind the door takes a millisecond; whoever left it shut for seconds is dead. */
function isOld(door: string): boolean {
  try {
    return Date.now() - statSync(door).mtimeMs > 3000;
  } catch {
    return false;
  }
}

function removeQuietly(door: string): void {
  try {
    rmdirSync(door);
  } catch {
    // Somebody else did.
  }
}
