import type { UsageRecord } from '@wakefield/domain';
import { Roster } from '../roster.ts';
import { atTurnEnd } from '../turn-end.ts';
import type { DropReason } from './complaints.ts';
import { type Begun, begunLine, recordLine } from './lines.ts';
import type { OpenLine, UsageMeter } from './meter.ts';
import { NotWrittenError, type SegmentWriter } from './segment-writer.ts';

/**
 * The side of the spool that requests see: lines in memory until the end of the turn of the event loop, then one append
 * for all of them. What was written outlives the process.
 */
export class TurnWriter implements UsageMeter {
  /** null: there is no place to write to. */
  writer: SegmentWriter | null = null;
  readonly #dropped: (reason: DropReason, records: number, cause: unknown) => void;
  /** The requests at an engine. */
  readonly #underWay = new Roster<OpenLine>();
  #lines = '';
  #records = 0;
  #isDue = false;

  constructor(dropped: (reason: DropReason, records: number, cause: unknown) => void) {
    this.#dropped = dropped;
  }

  /** Records that were written here and have not been shipped. */
  get waiting(): number {
    return this.writer?.waiting ?? 0;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** The lines of what is under way: each segment begins with them, so that those before it can go. */
  readonly carried = (): string => {
    let lines = '';
    this.#underWay.each(({ line }) => {
      lines += line;
    });
    return lines;
  };

  begun(begun: Begun): OpenLine {
    const open = { line: begunLine(begun), rosterIndex: -1 };
    this.#underWay.add(open);
    this.#write(open.line);
    return open;
  }

  ended(record: UsageRecord, open: OpenLine | null): void {
    if (open !== null) this.#underWay.delete(open);
    this.#records += 1;
    this.#write(recordLine(record));
  }

  /** Writes what this turn has brought so far. */
  readonly flush = (): void => {
    if (this.#lines === '') return;
    const [lines, records] = [this.#lines, this.#records];
    this.#lines = '';
    this.#records = 0;
    try {
      if (this.writer === null) throw new NotWrittenError('disk');
      this.writer.append(lines, records);
    } catch (error) {
      if (!(error instanceof NotWrittenError)) throw error;
      if (records > 0) this.#dropped(error.reason, records, error.cause);
    }
  };

  /** Goes on in a new segment; where that cannot be, in the old one. */
  rotate(): void {
    this.flush();
    try {
      this.writer?.rotate();
    } catch (error) {
      if (!(error instanceof NotWrittenError)) throw error;
    }
  }

  #write(line: string): void {
    this.#lines += line;
    if (this.#isDue) return;
    this.#isDue = true;
    // Due before the request that the line is of: what an engine works at was written down.
    atTurnEnd(() => {
      this.#isDue = false;
      this.flush();
    });
  }
}
