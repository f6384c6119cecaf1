import type { UsageRecord } from '@wakefield/domain';
import type { Begun } from './lines.ts';

/** Where requests are counted. Neither call waits for anything, nor ever fails. */
export interface UsageMeter {
  /** It goes to an engine: from now on it is counted, even if this process dies. Once for each request. */
  begun(begun: Begun): void;
  /** It is over. */
  ended(record: UsageRecord): void;
}
