import type { UsageStore } from '@wakefield/control';
import type { Lifecycle, Logger, Metrics } from '@wakefield/runtime';
import { createUsageSpool, type UsageSpool } from './spool.ts';
import { registerSpoolMetrics } from './spool-metrics.ts';
import { usualSpoolRoot } from './spool-root.ts';

/** For what the last requests have left, when the process ends: more than a batch takes, unless Postgres is away. */
const closeMs = 1500;

export interface SpoolParts {
  readonly config: {
    readonly installation: string;
    readonly usage: {
      readonly spool: string | null;
      readonly stateHome: string | null;
      readonly spoolMaxBytes: number;
    };
  };
  readonly store: Pick<UsageStore, 'add'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
}

/** The spool of this process, at work; closed before the store is. */
export async function composeSpool(parts: SpoolParts): Promise<UsageSpool> {
  const { config, store, metrics, logger, lifecycle } = parts;
  const { spool: given, stateHome, spoolMaxBytes: maxBytes } = config.usage;
  const root = given ?? usualSpoolRoot(config.installation, stateHome);
  if (given === null) {
    logger.warn({ root }, 'USAGE_SPOOL is not set: in a container the usage spool ends with it');
  }
  let spool: UsageSpool | null = null;
  const figures = registerSpoolMetrics(metrics, () => spool, Date.now);
  spool = createUsageSpool({ root, maxBytes, store, logger, ...figures, now: Date.now });
  const made = spool;
  lifecycle.onClose('usage spool', () => made.close(closeMs), closeMs + 1000);
  await made.start();
  return made;
}
