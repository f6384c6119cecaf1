import { BadAnswerError } from './bad-answer.ts';
import { maxHeadBytes } from './head-reader.ts';
import { readField } from './header-lines.ts';
import { LineReader } from './line-reader.ts';

/** Most characters of the line in front of a chunk. */
const maxLine = 4096;
/** More hexadecimal digits than this are read the slow way; a chunk that needs more than 13 cannot be counted. */
const fastDigits = 7;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
/** Size and extensions (RFC 9112 §7.1.1), which nobody has a use for. */
const sizeLine =
  /^([0-9a-fA-F]+)(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[^"\\]|\\.)*"))?)*$/;

/** Reads what stands between the data of chunks: sizes and line ends, and what comes behind the last one. */
export class ChunkReader {
  /** Behind the last byte of the piece that was read. */
  at = 0;
  readonly #lines = new LineReader();
  /** Bytes of trailers. */
  #trailers = 0;
  #between = false;

  /**
   * @returns the size of the next chunk; null while its line is not complete
   * @throws BadAnswerError
   */
  readSize(bytes: Buffer, from: number): number | null {
    if (!this.#between) {
      const size = this.#readFast(bytes, from);
      if (size !== null) return size;
    }
    const line = this.#lines.read(bytes, from, maxLine);
    this.at = this.#lines.at;
    this.#between = line === null;
    return line === null ? null : sizeOf(line);
  }

  /**
   * @returns whether the line end behind the data was complete
   * @throws BadAnswerError when there is anything else
   */
  readEnd(bytes: Buffer, from: number): boolean {
    const whole = bytes[from] === carriageReturn && bytes[from + 1] === lineFeed;
    if (whole && !this.#between) {
      this.at = from + 2;
      return true;
    }
    const line = this.#lines.read(bytes, from, 2);
    this.at = this.#lines.at;
    this.#between = line === null;
    if (line === null && this.#lines.begun !== '') throw new BadAnswerError('a chunk too long');
    return line !== null;
  }

  /**
   * Skips the trailers: what stood behind a body would come too late for anybody.
   * @returns whether they were complete
   * @throws BadAnswerError
   */
  skipTrailers(bytes: Buffer, from: number): boolean {
    this.at = from;
    while (this.at < bytes.length) {
      const start = this.at;
      const line = this.#lines.read(bytes, start, maxHeadBytes);
      this.at = this.#lines.at;
      this.#trailers += this.at - start;
      if (this.#trailers > maxHeadBytes) throw new BadAnswerError('trailers that are too large');
      if (line === '') {
        this.#trailers = 0;
        return true;
      }
      if (line !== null) checkTrailer(line);
    }
    return false;
  }

  /** Nearly every size: a few digits and CRLF, all of it in this piece. */
  #readFast(bytes: Buffer, from: number): number | null {
    let size = 0;
    let at = from;
    for (; at < from + fastDigits; at += 1) {
      const digit = digitOf(bytes[at]);
      if (digit === -1) break;
      size = size * 16 + digit;
    }
    if (at === from || bytes[at] !== carriageReturn || bytes[at + 1] !== lineFeed) return null;
    this.at = at + 2;
    return size;
  }
}

function digitOf(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function sizeOf(line: string): number {
  const size = Number.parseInt(sizeLine.exec(line)?.[1] ?? '', 16);
  if (Number.isSafeInteger(size)) return size;
  throw new BadAnswerError('a chunk without a proper size');
}

/** They may not say how the message is framed (RFC 9110 §6.5.1). */
function checkTrailer(line: string): void {
  const field: string[] = [];
  readField(line, field);
  if (field[0] === 'content-length' || field[0] === 'transfer-encoding')
    throw new BadAnswerError('framing in a trailer');
}
