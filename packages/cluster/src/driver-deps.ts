import type { JobRef } from '@wakefield/control';
import type { EpochMs } from '@wakefield/domain';

/** What a driver needs besides its cluster's configuration. */
export interface DriverDeps {
  /** Short id of this Wakefield installation; jobs of others under the same account are not ours. */
  readonly installation: string;
  /** Absent: the system's clock. */
  readonly now?: () => EpochMs;
  /** A clock that only goes forward, in milliseconds. Absent: Node's. */
  readonly elapsed?: () => number;
  /** Absent: Math.random. Spreads reconnects. */
  readonly random?: () => number;
  /**
   * Told of jobs of ours that have the name of another live one, before they are ended: somebody should know.
   */
  readonly onSurplus?: (jobs: readonly JobRef[]) => void;
  /** Called before each exchange with the cluster, for counting; told which call it is, where there are several. */
  readonly onRoundTrip?: (call?: string) => void;
}
