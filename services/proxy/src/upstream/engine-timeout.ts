import type { DurationMs, TimeLimit } from '@wakefield/domain';

/** An engine took longer than it may. The total is nothing of one engine's. */
export class EngineTimeoutError extends Error {
  override readonly name = 'EngineTimeoutError';
  readonly limit: Exclude<TimeLimit, 'total'>;
  readonly afterMs: DurationMs;

  constructor(limit: EngineTimeoutError['limit'], afterMs: DurationMs) {
    super(`over the limit of time: ${limit}`);
    this.limit = limit;
    this.afterMs = afterMs;
  }
}
