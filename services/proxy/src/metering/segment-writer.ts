import { close, closeSync, fsync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { EpochMs } from '@wakefield/domain';
import { frameOf } from './frames.ts';
import { type Segment, SpoolFileError, segmentPath } from './segment.ts';

export interface WriterOptions {
  readonly directory: string;
  /** A segment that has grown to this is followed by another one. */
  readonly segmentBytes: number;
  /** Of all segments together. */
  readonly maxBytes: number;
  readonly now: () => EpochMs;
  /**
   * What has to be in each segment from its beginning, so that those before it can go: the lines of the requests
   * that are under way.
   */
  readonly carried: () => string;
}

/** Why nothing was written: the spool has grown to its bound, or the file system does not take it. */
export class NotWrittenError extends Error {
  override readonly name = 'NotWrittenError';
  readonly reason: 'full' | 'disk';

  constructor(reason: 'full' | 'disk', cause?: unknown) {
    super(`the spool is not written to: ${reason}`, { cause });
    this.reason = reason;
  }
}

/**
 * The segments of this process. Written with write(2) and not synchronized until a segment is closed: what was written
 * outlives the process, and a loss of power takes what the kernel had not yet put on the disk.
 */
export class SegmentWriter {
  /** Oldest first. */
  readonly segments: Segment[] = [];
  readonly #options: WriterOptions;
  #open: { readonly fd: number; readonly segment: Segment } | null = null;
  #number = 0;
  #bytes = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** On the disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records that are not in the database. */
  get waiting(): number {
    return this.segments.reduce((sum, { records }) => sum + records, 0);
  }

  /**
   * @param records that are in these lines
   * @throws NotWrittenError; it is as if nothing had been tried
   */
  append(lines: string, records: number): void {
    const open = this.#open;
    if (open === null || open.segment.written >= this.#options.segmentBytes) this.#begin(lines);
    else this.#write(open.fd, open.segment, frameOf(lines));
    if (this.#open !== null) this.#open.segment.records += records;
  }

  /** Goes on in a new segment, where there is anything to go on with. @throws NotWrittenError */
  rotate(): void {
    if (this.#open === null) return;
    if (this.#options.carried() === '') this.#finish();
    else this.#begin('');
  }

  /** Forgets a segment that is closed and shipped. @throws SpoolFileError */
  remove(segment: Segment): void {
    try {
      unlinkSync(segment.path);
    } catch (error) {
      throw new SpoolFileError(segment.path, error);
    }
    this.#forget(segment);
  }

  /** Goes on without a segment that is of no use any more. @throws NotWrittenError; then nothing has changed */
  giveUp(segment: Segment): void {
    if (this.#open?.segment === segment) this.rotate();
    this.#forget(segment);
  }

  /** Nothing more is written. */
  close(): void {
    this.#finish();
  }

  #forget(segment: Segment): void {
    this.segments.splice(this.segments.indexOf(segment), 1);
    this.#bytes -= segment.written;
  }

  /** The one before is closed only when this one holds what makes it dispensable. */
  #begin(lines: string): void {
    const frame = frameOf(this.#options.carried() + lines);
    const path = segmentPath(this.#options.directory, this.#number + 1);
    const waitingSince = this.#options.now();
    const segment = { path, written: 0, shipped: 0, closed: false, records: 0, waitingSince };
    const fd = onDisk(() => openSync(path, 'wx', 0o600));
    try {
      this.#write(fd, segment, frame);
    } catch (error) {
      closeSync(fd);
      unlinkSync(path);
      throw error;
    }
    this.#number += 1;
    this.#finish();
    this.#open = { fd, segment };
    this.segments.push(segment);
  }

  #write(fd: number, segment: Segment, frame: Buffer): void {
    if (this.#bytes + frame.length > this.#options.maxBytes) throw new NotWrittenError('full');
    const at = segment.written;
    try {
      let done = 0;
      while (done < frame.length)
        done += writeSync(fd, frame, done, frame.length - done, at + done);
    } catch (error) {
      // Half a frame would be passed over, but it takes room that is scarce.
      quietly(() => ftruncateSync(fd, at));
      throw new NotWrittenError('disk', error);
    }
    if (segment.shipped === at) segment.waitingSince = this.#options.now();
    segment.written += frame.length;
    this.#bytes += frame.length;
  }

  #finish(): void {
    if (this.#open === null) return;
    const { fd, segment } = this.#open;
    segment.closed = true;
    this.#open = null;
    // On a file that nobody writes to any more, and not by this thread: nothing waits for the disk.
    fsync(fd, () => close(fd, () => undefined));
  }
}

function onDisk<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new NotWrittenError('disk', error);
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It was no more than tidiness.
  }
}
