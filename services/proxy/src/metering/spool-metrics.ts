import type { EpochMs } from '@wakefield/domain';
import type { Metrics } from '@wakefield/runtime';
import type { DropReason } from './complaints.ts';
import type { SpoolOptions, UsageSpool } from './spool.ts';

const reasons: readonly DropReason[] = ['full', 'disk', 'unfit'];

/** Registers the figures of the spool once. @returns counts records that will never be in the database, and files */
export function registerSpoolMetrics(
  metrics: Metrics,
  spool: () => UsageSpool | null,
  now: () => EpochMs,
): Pick<SpoolOptions, 'dropped' | 'setAside'> {
  const figures = [
    [
      'wakefield_usage_waiting_records',
      'Records of requests that are not in the database yet; those that dead processes have left come on top.',
      (one: UsageSpool) => one.waiting,
      'sum',
    ],
    [
      'wakefield_usage_spool_bytes',
      'Bytes of the spool on the disk, with what dead processes have left.',
      (one: UsageSpool) => one.bytes,
      'sum',
    ],
    [
      'wakefield_usage_oldest_seconds',
      'How long the oldest record in the spool has waited; of several workers the longest.',
      ({ waitingSince }: UsageSpool) =>
        waitingSince === null ? 0 : Math.max(0, now() - waitingSince) / 1000,
      'max',
    ],
  ] as const;
  for (const [name, help, read, aggregator] of figures) {
    metrics.gauge({
      name,
      help,
      aggregator,
      collect() {
        const one = spool();
        this.set(one === null ? 0 : read(one));
      },
    });
  }
  const dropped = metrics.counter({
    name: 'wakefield_usage_dropped_records_total',
    help: 'Records of requests that will never be counted: the spool was full, its disk failed, or the database refuses them.',
    labelNames: ['reason'],
  });
  for (const reason of reasons) dropped.inc({ reason }, 0);
  const setAside = metrics.counter({
    name: 'wakefield_usage_set_aside_files_total',
    help: 'Files of the spool that could not be read, and were put under another name for a person to look at.',
  });
  return {
    dropped: (reason, records) => dropped.inc({ reason }, records),
    setAside: () => setAside.inc(),
  };
}
