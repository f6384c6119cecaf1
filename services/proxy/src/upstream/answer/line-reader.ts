import { BadAnswerError } from './bad-answer.ts';
import { checkText } from './header-lines.ts';

const lineFeed = 0x0a;

/** Puts lines together that the network has cut. They end with CRLF, and with nothing less. */
export class LineReader {
  /** Behind the last byte of the piece that was read. */
  at = 0;
  #begun = '';

  /**
   * @param limit most characters of a line, CRLF included
   * @returns the line without its CRLF; null: the piece ended before it
   * @throws BadAnswerError
   */
  read(bytes: Buffer, from: number, limit: number): string | null {
    const found = bytes.indexOf(lineFeed, from);
    this.at = found === -1 ? bytes.length : found + 1;
    const text = this.#begun + bytes.toString('latin1', from, this.at);
    if (text.length > limit) throw new BadAnswerError('a head that is too large');
    if (found === -1) {
      // Not only once the line ends: it may never.
      this.#begun = text;
      checkText(this.begun);
      return null;
    }
    this.#begun = '';
    if (!text.endsWith('\r\n')) throw new BadAnswerError('a bare line feed');
    const line = text.slice(0, -2);
    checkText(line);
    return line;
  }

  /** What there is of a line that has not ended, without half a CRLF. */
  get begun(): string {
    return this.#begun.endsWith('\r') ? this.#begun.slice(0, -1) : this.#begun;
  }
}
