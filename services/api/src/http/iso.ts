import type { EpochMs } from '@wakefield/domain';

/** ISO 8601, UTC, milliseconds. */
export function iso(at: EpochMs): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: EpochMs | null): string | null {
  return at === null ? null : iso(at);
}
