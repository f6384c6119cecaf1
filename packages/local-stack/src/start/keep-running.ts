import { setTimeout as delay } from 'node:timers/promises';
import { deathsInARow, restartDelayMs } from '@wakefield/runtime';
import type { DaemonExit } from '../process/daemon.ts';

/** A daemon that is started again, ever more slowly, whenever it ends. */
export interface Kept {
  readonly name: string;
  /** Resolves when the one that runs now is over; at once if none does. */
  exited(): Promise<DaemonExit>;
  /** May reject: then it is tried again after a longer wait. */
  startAgain(): Promise<void>;
}

/**
 * Keeps a daemon running that has come up once.
 * @param log for people: each death and each return
 * @returns leaves it alone from then on; resolves when no start is under way any more
 */
export function keepRunning(kept: Kept, log: (line: string) => void): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function watch(): Promise<void> {
    for (let deaths = 0; !signal.aborted; ) {
      const since = performance.now();
      const how = await Promise.race([kept.exited(), aborted(signal)]);
      if (how === null) return;
      deaths = deathsInARow(deaths, performance.now() - since);
      const waitMs = restartDelayMs(deaths);
      const cause = how.signal ?? `code ${how.code}`;
      log(`${kept.name} ended (${cause}); starting it again in ${waitMs / 1000} s`);
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await startAgain();
    }
  }

  async function startAgain(): Promise<void> {
    try {
      await kept.startAgain();
      log(`${kept.name} is up again`);
    } catch (error) {
      if (!signal.aborted) log(`${kept.name} does not come up again: ${(error as Error).message}`);
    }
  }

  const watching = watch();
  return () => {
    stopping.abort();
    return watching;
  };
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}
