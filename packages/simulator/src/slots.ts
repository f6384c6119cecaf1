/** Requests that run at once are bounded; the others wait in order of arrival. */
export interface Slots {
  readonly running: number;
  readonly waiting: number;
  /**
   * Resolves when a slot is free.
   * @returns what gives it back; calling it twice is harmless
   * @throws the signal's reason when it aborts first
   */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(limit: number): Slots {
  let running = 0;
  const queue: (() => void)[] = [];

  const lease = () => {
    running += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      running -= 1;
      queue.shift()?.();
    };
  };

  return {
    get running() {
      return running;
    },
    get waiting() {
      return queue.length;
    },
    take(signal) {
      signal.throwIfAborted();
      if (running < limit) return Promise.resolve(lease());
      return new Promise((resolve, reject) => {
        const leave = () => {
          const index = queue.indexOf(enter);
          if (index >= 0) queue.splice(index, 1);
          reject(signal.reason);
        };
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve(lease());
        };
        queue.push(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
  };
}
