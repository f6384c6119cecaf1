import type { DaemonExit } from '../process/daemon.ts';
import { keepRunning } from './keep-running.ts';

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
  /** As it runs now, or ran last. */
  current(): S;
  /** @param listener told each time that it is up again */
  onReturn(listener: () => void): void;
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
  // A given one is somebody else's to look after.
  if (first.port === null)
    return { first, current: () => first, onReturn: () => undefined, stop: () => first.stop() };
  const port = first.port;
  let current = first;
  const listeners: (() => void)[] = [];
  const leave = keepRunning(
    {
      name,
      exited: () => current.exited,
      startAgain: async () => {
        current = await start(port);
        for (const listener of listeners) listener();
      },
    },
    log,
  );
  return {
    first,
    current: () => current,
    onReturn: (listener) => void listeners.push(listener),
    async stop() {
      // A start that is under way ends first, so that nothing is left running.
      const left = leave();
      await current.stop();
      await left;
      await current.stop();
    },
  };
}
