import type { Counter, Metrics } from '@wakefield/runtime';

/** What has come since the last scrape. */
export interface Count {
  more: number;
}

/**
 * A counter that costs an addition where it counts: Prometheus' client checks and looks up each time, and hears of it
 * here when somebody scrapes.
 * @returns the count of some labels: to be asked for once, and kept
 */
export function countLater<L extends string>(
  metrics: Metrics,
  config: { readonly name: string; readonly help: string; readonly labelNames: readonly L[] },
): (labels: Readonly<Record<L, string>>) => Count {
  const counts: { readonly labels: Readonly<Record<L, string>>; readonly count: Count }[] = [];
  metrics.counter<L>({
    ...config,
    collect(this: Counter<L>) {
      for (const { labels, count } of counts) {
        this.inc(labels, count.more);
        count.more = 0;
      }
    },
  });
  return (labels) => {
    const count = { more: 0 };
    counts.push({ labels, count });
    return count;
  };
}
