/** Lets at most `limit` holders in; the others wait in line. */
export interface Limiter {
  /** @returns the release; rejects with the signal's reason when it is aborted while waiting */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createLimiter(limit: number): Limiter {
  const waiting: (() => void)[] = [];
  let inside = 0;

  function leave() {
    const next = waiting.shift();
    if (next === undefined) inside--;
    else next();
  }

  function once(release: () => void): () => void {
    let done = false;
    return () => {
      if (!done) release();
      done = true;
    };
  }

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (inside < limit) {
        inside++;
        return once(leave);
      }
      await new Promise<void>((resolve, reject) => {
        const admitted = () => {
          signal.removeEventListener('abort', gaveUp);
          resolve();
        };
        const gaveUp = () => {
          waiting.splice(waiting.indexOf(admitted), 1);
          reject(signal.reason);
        };
        waiting.push(admitted);
        signal.addEventListener('abort', gaveUp, { once: true });
      });
      return once(leave);
    },
  };
}
