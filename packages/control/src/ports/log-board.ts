import type { DurationMs, EpochMs, JobId } from '@wakefield/domain';
import type { LogPiece } from './cluster.ts';

/** The right to read the log of one job and to tell what is in it. */
export interface LogClaim {
  /** Goes with what is told; another one has no effect. */
  readonly token: string;
  /** Offset up to which its log is known. */
  readonly known: number;
}

/** What came of a read. */
export interface LogNews {
  readonly at: EpochMs;
  /** null: there is no log, or it could not be read. */
  readonly piece: LogPiece | null;
  /** The job was over before it was read: nothing more will come. */
  readonly isOver: boolean;
  /** Why it could not be read, in words for people; what is known stays known. */
  readonly failure: string | null;
}

/** What is known of a job's log: its end, a MiB at least where it is as long. */
export interface KnownLog {
  /** Nobody reads it again just now. */
  readonly isFresh: boolean;
  readonly isOver: boolean;
  /** As of the last read. */
  readonly failure: string | null;
  /** The last read that worked; null: none did. */
  readonly readAt: EpochMs | null;
  /** null: there is no log. Of `batch` there are no offsets, only a text that may become another one. */
  readonly source: LogPiece['source'] | null;
  /** Offset of the first byte that is known, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Offset of the first of `bytes`. */
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * Ends of logs that somebody wants to read, for all processes: whoever has a cluster's driver reads for everybody. Losable;
 * expires a minute after the last read.
 */
export interface LogBoard {
  /**
   * @param lifeMs how long whoever has it may take, before it may be another's
   * @returns null: somebody else reads it, or has just done so
   */
  claim(jobId: JobId, lifeMs: DurationMs): Promise<LogClaim | null>;
  /** @param againMs how long nobody reads it again */
  tell(jobId: JobId, claim: LogClaim, news: LogNews, againMs: DurationMs): Promise<void>;
  /**
   * @param from offset of the first byte wanted: what is known from there on, or all of it where that is another log or
   *   gone by; null: the last `bytes`
   * @returns null: nothing is known
   */
  read(jobId: JobId, from: number | null, bytes: number): Promise<KnownLog | null>;
}
