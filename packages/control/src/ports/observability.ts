import type { ClusterName, Job } from '@wakefield/domain';

/** Structured log: constant message, variables as fields. pino's loggers fit. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What use cases tell about themselves, for metrics. Never throws. */
export interface Telemetry {
  /** A job moved on; `before` null when it was just intended. */
  jobAdvanced(before: Job | null, after: Job): void;
  observed(cluster: ClusterName, durationMs: number, outcome: 'ok' | 'failed'): void;
  reconciled(durationMs: number, acted: boolean): void;
  /** The load of a model moved its number of wanted jobs; commands are not told. */
  scaled(from: number, to: number): void;
}
