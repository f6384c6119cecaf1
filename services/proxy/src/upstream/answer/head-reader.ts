import { BadAnswerError } from './bad-answer.ts';
import {
  checkText,
  mayBeStatusLine,
  readField,
  readStatusLine,
  type StatusLine,
} from './header-lines.ts';
import { LineReader } from './line-reader.ts';

/** Most bytes of a head, or of all trailers: as much as Node is told to take in front of the bridge to HEAppE. */
export const maxHeadBytes = 64 * 1024;

/** What stands in front of a body. */
export interface AnswerHead extends StatusLine {
  /** Names, in lower case, and values by turns, in their order. */
  readonly headers: readonly string[];
}

/** Reads heads, one after the other. Nearly every one comes in one piece, and is read at once then. */
export class HeadReader {
  /** Behind the last byte of the piece that was read. */
  at = 0;
  readonly #lines = new LineReader();
  #statusLine: StatusLine | null = null;
  #headers: string[] = [];
  #size = 0;

  /**
   * @returns null while the head is not complete
   * @throws BadAnswerError
   */
  read(bytes: Buffer, from: number): AnswerHead | null {
    const end = this.#size === 0 ? bytes.indexOf('\r\n\r\n', from, 'latin1') : -1;
    if (end === -1) return this.#readByLine(bytes, from);
    this.at = end + 4;
    if (this.at - from > maxHeadBytes) throw tooLarge();
    return readWhole(bytes.toString('latin1', from, end + 2));
  }

  #readByLine(bytes: Buffer, from: number): AnswerHead | null {
    this.at = from;
    while (this.at < bytes.length) {
      const start = this.at;
      const line = this.#lines.read(bytes, start, maxHeadBytes);
      this.at = this.#lines.at;
      this.#size += this.at - start;
      if (this.#size > maxHeadBytes) throw tooLarge();
      if (line === null) this.#checkBeginning();
      else if (this.#statusLine === null) this.#statusLine = readStatusLine(line);
      else if (line === '') return this.#take(this.#statusLine);
      else readField(line, this.#headers);
    }
    return null;
  }

  #checkBeginning(): void {
    if (this.#statusLine !== null || mayBeStatusLine(this.#lines.begun)) return;
    throw new BadAnswerError('no status line');
  }

  #take({ minor, status }: StatusLine): AnswerHead {
    const headers = this.#headers;
    this.#statusLine = null;
    this.#headers = [];
    this.#size = 0;
    return { minor, status, headers };
  }
}

/** @param text all of a head but the empty line */
function readWhole(text: string): AnswerHead {
  let end = lineEnd(text, 0);
  const first = text.slice(0, end);
  checkText(first);
  const { minor, status } = readStatusLine(first);
  const headers: string[] = [];
  for (let at = end + 2; at < text.length; at = end + 2) {
    end = lineEnd(text, at);
    const line = text.slice(at, end);
    checkText(line);
    readField(line, headers);
  }
  return { minor, status, headers };
}

function lineEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  if (text.charCodeAt(feed - 1) === 0x0d) return feed - 1;
  throw new BadAnswerError('a bare line feed');
}

function tooLarge(): BadAnswerError {
  return new BadAnswerError('a head that is too large');
}
