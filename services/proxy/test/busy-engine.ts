import { completion, json, type ScriptedEngine, startEngine } from './engine.ts';

/** An engine that works on so many requests at a time, and has the others wait in a queue of its own, as vLLM does. */
export interface BusyEngine extends ScriptedEngine {
  /** Whose requests it began to work on, in this order: what they name as `user`. */
  readonly begun: readonly string[];
  /** Those that wait in it, and the most that ever did. */
  readonly waiting: () => number;
  readonly mostWaiting: () => number;
}

export async function startBusyEngine(atOnce: number, serviceMs: number): Promise<BusyEngine> {
  const begun: string[] = [];
  const queue: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const engine = await startEngine((response, { body }) => {
    const { user = '' } = JSON.parse(body) as { readonly user?: string };
    const begin = (): void => {
      if (response.destroyed) {
        queue.shift()?.();
        return;
      }
      running += 1;
      begun.push(user);
      setTimeout(() => {
        running -= 1;
        json(response, 200, completion('stop', user));
        queue.shift()?.();
      }, serviceMs);
    };
    if (running < atOnce) begin();
    else queue.push(begin);
    most = Math.max(most, queue.length);
  });
  return { ...engine, begun, waiting: () => queue.length, mostWaiting: () => most };
}
