/** Tells a person in a terminal what is being done, and how long each step took. */
export interface Progress {
  /** Something worth knowing on the way. */
  note(line: string): void;
  /** Runs a step and prints its name, its result and its time when it is done. */
  step<T>(
    name: string,
    work: (note: (line: string) => void) => Promise<T>,
    tell?: (result: T) => string,
  ): Promise<T>;
}

/** @param signal no further step begins once it is aborted */
export function createProgress(print: (line: string) => void, signal: AbortSignal): Progress {
  return {
    note: (line) => print(`  … ${line}`),
    async step(name, work, tell) {
      signal.throwIfAborted();
      const started = performance.now();
      const slow = setTimeout(() => print(`  … ${name}`), 2000);
      try {
        const result = await work((line) => print(`  … ${line}`));
        const detail = tell === undefined ? '' : tell(result);
        print(
          `  ✔ ${`${name}${detail === '' ? '' : ` ${detail}`}`.padEnd(58)} ${seconds(started)}`,
        );
        return result;
      } catch (error) {
        print(`  ✘ ${name.padEnd(58)} ${seconds(started)}`);
        throw error;
      } finally {
        clearTimeout(slow);
      }
    },
  };
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
