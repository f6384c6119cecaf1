import type { DurationMs, EpochMs } from '@wakefield/domain';
import type { UsageStore } from './ports/stores.ts';

export interface PurgeUsageDeps {
  readonly usage: Pick<UsageStore, 'purgeRecords' | 'purgeSums'>;
  /** How long records of single requests are kept, and sums of hours. */
  readonly keepUsage: { readonly recordsMs: DurationMs; readonly sumsMs: DurationMs };
}

/** In one statement: a twentieth of a second of work. */
const AT_ONCE = 5_000;
/** In one minute: more than came in the minute that is now too old, unless thousands a second did. */
const PAGES_AT_MOST = 60;

/** Deletes what is kept no longer, in small pieces; what is left over waits for the next minute. */
export async function purgeUsage(
  { usage, keepUsage }: PurgeUsageDeps,
  now: EpochMs,
  signal: AbortSignal,
): Promise<void> {
  const { recordsMs, sumsMs } = keepUsage;
  await inPages(() => usage.purgeRecords(now - recordsMs, AT_ONCE), signal);
  await inPages(() => usage.purgeSums(now - sumsMs, AT_ONCE), signal);
}

async function inPages(page: () => Promise<number>, signal: AbortSignal): Promise<void> {
  for (let pages = 0; pages < PAGES_AT_MOST && !signal.aborted; pages += 1) {
    if ((await page()) < AT_ONCE) return;
  }
}
