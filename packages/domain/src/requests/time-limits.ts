import type { RequestTimeouts } from '../vocabulary/request-timeouts.ts';
import type { DurationMs } from '../vocabulary/time.ts';

/** How long one request may take. `Infinity`: as long as it takes. */
export interface TimeLimits {
  readonly connectMs: DurationMs;
  readonly firstByteMs: DurationMs;
  readonly betweenBytesMs: DurationMs;
  readonly totalMs: DurationMs;
}

/** The limit of time that a request was over. */
export type TimeLimit = 'connect' | 'first_byte' | 'between_bytes' | 'total';

/**
 * The limits of one request: what its model's registration says counts more than the configuration, and its caller may
 * lower the total only.
 * @param askedMs null: its caller says nothing
 */
export function timeLimits(
  configured: TimeLimits,
  registered: RequestTimeouts,
  askedMs: DurationMs | null,
): TimeLimits {
  if (askedMs === null && saysNothing(registered)) return configured;
  const totalMs = limitMs(registered.totalSeconds, configured.totalMs);
  return {
    connectMs: limitMs(registered.connectSeconds, configured.connectMs),
    firstByteMs: limitMs(registered.firstByteSeconds, configured.firstByteMs),
    betweenBytesMs: limitMs(registered.betweenBytesSeconds, configured.betweenBytesMs),
    totalMs: Math.min(totalMs, askedMs ?? totalMs),
  };
}

/** Nearly every one. */
function saysNothing({
  connectSeconds,
  firstByteSeconds,
  betweenBytesSeconds,
  totalSeconds,
}: RequestTimeouts): boolean {
  return (
    connectSeconds === null &&
    firstByteSeconds === null &&
    betweenBytesSeconds === null &&
    totalSeconds === null
  );
}

function limitMs(seconds: number | null, otherwise: DurationMs): DurationMs {
  if (seconds === null) return otherwise;
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
}
