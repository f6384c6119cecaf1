import type { JobId } from '@wakefield/domain';
import type { Operation } from '../server/classify.ts';

/** What was learned of the engine of one job from its answers. */
export interface EngineHabits {
  /** It refuses requests that ask for the usage of a stream. */
  refusesUsage: boolean;
  /**
   * The JSON of the `system_fingerprint` that it puts into the last chunk of a stream: where usage is asked for, into
   * that of the usage (vLLM ≥ 0.21). null: it has none; undefined: not yet known.
   */
  fingerprint: Buffer | null | undefined;
}

/**
 * Whether `"usage":null` in a chunk is there because usage was asked for, as OpenAI's description has it and vLLM did
 * until 0.6 in chats. Its completions had it in any case for some releases, and so have some chunks of SGLang
 * (`model_dump_json()` without `exclude_none`).
 */
export function hasNullsByAsking(engine: string, operation: Operation): boolean {
  return operation === 'chat/completions' && engine !== 'sglang';
}

/** Of all engines; in memory, and forgotten with their jobs. */
export class HabitBook {
  readonly #habits = new Map<JobId, EngineHabits>();

  of(jobId: JobId): EngineHabits {
    let known = this.#habits.get(jobId);
    if (known === undefined) {
      known = { refusesUsage: false, fingerprint: undefined };
      this.#habits.set(jobId, known);
    }
    return known;
  }

  prune(isKnown: (jobId: JobId) => boolean): void {
    for (const jobId of this.#habits.keys()) if (!isKnown(jobId)) this.#habits.delete(jobId);
  }
}
