import type { DurationMs } from '@wakefield/domain';
import { type Meter, type Sliding, standing } from './meter.ts';

/**
 * Where the caller stands, in OpenAI's words and spelling: of all limits on requests that apply the one of which the
 * least is left, and of those on tokens. A flat list of names and values; empty where nothing slides.
 */
export function rateHeaders(meters: readonly Meter[], now: DurationMs): readonly string[] {
  const headers: string[] = [];
  for (const kind of ['requests', 'tokens'] as const) {
    let tightest: Sliding | null = null;
    let least = Number.POSITIVE_INFINITY;
    let reset = 0;
    for (const meter of meters) {
      const sliding = meter[kind];
      if (sliding === null) continue;
      const { remaining, resetMs } = standing(sliding, now);
      if (tightest !== null && remaining >= least) continue;
      tightest = sliding;
      least = remaining;
      reset = resetMs;
    }
    if (tightest === null) continue;
    headers.push(`x-ratelimit-limit-${kind}`, String(tightest.perMinute));
    headers.push(`x-ratelimit-remaining-${kind}`, String(least));
    headers.push(`x-ratelimit-reset-${kind}`, lengthOf(reset));
  }
  return headers;
}

/** The same by name, for whoever sends headers so. */
export function byName(headers: readonly string[]): Readonly<Record<string, string>> {
  const named: Record<string, string> = {};
  for (let index = 0; index + 1 < headers.length; index += 2)
    named[headers[index] ?? ''] = headers[index + 1] ?? '';
  return named;
}

/** As OpenAI writes it (and Go: time.Duration.String): `0s`, `12ms`, `8.64s`, `6m0s`, `1h0m3s`. */
export function lengthOf(ms: DurationMs): string {
  const whole = Math.ceil(ms);
  if (whole <= 0) return '0s';
  if (whole < 1000) return `${whole}ms`;
  if (whole < 60_000) return `${whole / 1000}s`;
  const seconds = Math.ceil(whole / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}h` : ''}${minutes}m${seconds % 60}s`;
}
