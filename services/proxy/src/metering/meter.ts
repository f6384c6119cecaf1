import type { UsageRecord } from '@wakefield/domain';
import type { Enlisted } from '../roster.ts';
import type { Begun } from './lines.ts';

/** What a request that has begun is known by until it ends. */
export interface OpenLine extends Enlisted {
  /** As it was written. */
  readonly line: string;
}

/** Where requests are counted. Neither call waits for anything, nor ever fails. */
export interface UsageMeter {
  /** It goes to an engine: from now on it is counted, even if this process dies. Once for each request. */
  begun(begun: Begun): OpenLine;
  /**
   * It is over.
   * @param open what `begun` said; null: no engine has seen it
   */
  ended(record: UsageRecord, open: OpenLine | null): void;
}
