import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonExit } from '../process/daemon.ts';
import { healthyAfterMs, restartDelayMs } from './restart-delay.ts';

/** A private Postgres or Redis. */
export interface Store {
  readonly url: string;
  readonly port: number | null;
  readonly exited: Promise<DaemonExit>;
  stop(): Promise<void>;
}

export interface SupervisedStore<S extends Store> {
  /** As it first came up; a later one has the same URL. */
  readonly first: S;
  stop(): Promise<void>;
}

/**
 * Starts a store and, should it die, starts it again on the same port, so that its URL stays true.
 * @param start called with the port to take, or undefined for a free one
 */
export async function superviseStore<S extends Store>(
  name: string,
  start: (port: number | undefined) => Promise<S>,
  log: (line: string) => void,
): Promise<SupervisedStore<S>> {
  const first = await start(undefined);
  let current = first;
  let stopping = false;
  const wake = new AbortController();

  async function keepRunning(): Promise<void> {
    for (let deaths = 0; !stopping; ) {
      const started = performance.now();
      const how = await current.exited;
      if (stopping) return;
      deaths = performance.now() - started > healthyAfterMs ? 1 : deaths + 1;
      const waitMs = restartDelayMs(deaths);
      const cause = how.signal ?? `code ${how.code}`;
      log(`${name} ended (${cause}); starting it again in ${waitMs / 1000} s`);
      await delay(waitMs, undefined, { signal: wake.signal }).catch(() => undefined);
      if (!stopping) await startAgain();
    }
  }

  async function startAgain(): Promise<void> {
    try {
      current = await start(first.port ?? undefined);
      log(`${name} is up again`);
    } catch (error) {
      log(`${name} does not come up again: ${(error as Error).message}`);
    }
  }

  // A given one is somebody else's to look after.
  const loop = first.port === null ? Promise.resolve() : keepRunning();
  return {
    first,
    async stop() {
      stopping = true;
      wake.abort();
      await current.stop();
      // A start that was under way ends first, so that nothing is left running.
      await loop;
      await current.stop();
    },
  };
}
