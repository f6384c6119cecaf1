import type { DurationMs, TimeLimit } from '@wakefield/domain';

/** The engine of a session takes nothing of what its client says. */
export class EngineStalledError extends Error {
  override readonly name = 'EngineStalledError';
  readonly afterMs: DurationMs;

  constructor(afterMs: DurationMs) {
    super('the engine takes nothing of what its client says');
    this.afterMs = afterMs;
  }
}

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
