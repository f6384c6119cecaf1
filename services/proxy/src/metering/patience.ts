import type { DurationMs } from '@wakefield/domain';

/** When something that has failed is tried again: after longer and longer pauses. */
export class Patience {
  readonly #pausesMs: readonly DurationMs[];
  readonly #elapsed: () => DurationMs;
  #failures = 0;
  #notBefore: DurationMs = Number.NEGATIVE_INFINITY;

  /** @param pausesMs after the first failure, after the next ones, and after all others */
  constructor(
    pausesMs: readonly DurationMs[],
    elapsed: () => DurationMs = () => performance.now(),
  ) {
    this.#pausesMs = pausesMs;
    this.#elapsed = elapsed;
  }

  get isDue(): boolean {
    return this.#elapsed() >= this.#notBefore;
  }

  /** @returns whether it is the first one in a row */
  failed(): boolean {
    const pauseMs = this.#pausesMs[Math.min(this.#failures, this.#pausesMs.length - 1)] ?? 0;
    this.#notBefore = this.#elapsed() + pauseMs;
    this.#failures += 1;
    return this.#failures === 1;
  }

  /** @returns whether it had failed before */
  worked(): boolean {
    const hadFailed = this.#failures > 0;
    this.#failures = 0;
    return hadFailed;
  }

  hurry(): void {
    this.#notBefore = Number.NEGATIVE_INFINITY;
  }
}
