import { completion, json, type ScriptedEngine, startEngine } from './engine.ts';

/**
 * An engine that works on so many requests at a time, and has the others wait in a queue of its own, as vLLM does. It is
 * done with one when the test says so: nothing depends on how busy the machine is.
 */
export interface BusyEngine extends ScriptedEngine {
  /** Whose requests it began to work on, in this order: what they name as `user`. */
  readonly begun: readonly string[];
  /** Those that wait in it, and the most that ever did. */
  readonly waiting: () => number;
  readonly mostWaiting: () => number;
  /** It is done with the one that it has worked on longest. */
  finishOne(): void;
  /** From now on it is done with each at once. */
  finishAll(): void;
}

export async function startBusyEngine(atOnce: number): Promise<BusyEngine> {
  const begun: string[] = [];
  const queue: (() => void)[] = [];
  const running: (() => void)[] = [];
  let most = 0;
  let isQuick = false;
  const finishOne = (): void => {
    running.shift()?.();
    queue.shift()?.();
  };
  const engine = await startEngine((response, { body }) => {
    const { user = '' } = JSON.parse(body) as { readonly user?: string };
    const begin = (): void => {
      begun.push(user);
      running.push(() => json(response, 200, completion('stop', user)));
      if (isQuick) finishOne();
    };
    if (running.length < atOnce) begin();
    else queue.push(begin);
    most = Math.max(most, queue.length);
  });
  return {
    ...engine,
    begun,
    waiting: () => queue.length,
    mostWaiting: () => most,
    finishOne,
    finishAll: () => {
      isQuick = true;
      while (running.length > 0) finishOne();
    },
  };
}
