import type { DurationMs } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { NotWrittenError } from './segment-writer.ts';

/**
 * Why records will never be counted.
 * - `full`   the spool has grown to its bound
 * - `disk`   the file system does not take them
 * - `unfit`  the database will never take them
 */
export type DropReason = NotWrittenError['reason'] | 'unfit';

/** Says that records are lost: at once, and then not more often than a person wants to read it. */
export class Complaints {
  readonly #logger: Logger;
  readonly #everyMs: DurationMs;
  readonly #elapsed: () => DurationMs;
  readonly #last = new Map<DropReason, { readonly at: DurationMs; records: number }>();

  constructor(
    logger: Logger,
    everyMs: DurationMs = 60_000,
    elapsed: () => DurationMs = () => performance.now(),
  ) {
    this.#logger = logger;
    this.#everyMs = everyMs;
    this.#elapsed = elapsed;
  }

  dropped(reason: DropReason, records: number, err: unknown): void {
    const now = this.#elapsed();
    const last = this.#last.get(reason);
    if (last !== undefined && now - last.at < this.#everyMs) {
      last.records += records;
      return;
    }
    const all = records + (last?.records ?? 0);
    this.#last.set(reason, { at: now, records: 0 });
    this.#logger.error({ reason, records: all, err }, 'usage records dropped');
  }
}
