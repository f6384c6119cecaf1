import type { EpochMs } from '@wakefield/domain';

/** What a driver needs besides its cluster's configuration. */
export interface DriverDeps {
  /** Short id of this Wakefield installation; jobs of others under the same account are not ours. */
  readonly installation: string;
  /** Absent: the system's clock. */
  readonly now?: () => EpochMs;
  /** Absent: Math.random. Spreads reconnects. */
  readonly random?: () => number;
  /** Called before each exchange with the cluster, for counting. */
  readonly onRoundTrip?: () => void;
}
