import { FewPieces } from '../../few-pieces.ts';
import type { BodyReader, ClientCall, LookedUpHeader } from '../client-call.ts';
import type { Answer } from '../connections.ts';
import { answerHead, type ConnectionWords } from './answer-head.ts';
import { httpDate } from './date.ts';
import type { Outgoing } from './outgoing.ts';
import { type Head, headerIn } from './read-head.ts';

/** So much of a body waits for somebody who wants it; no more is read before. */
const mostWaitingBytes = 64 * 1024;

/** The connection of a call, as far as the call acts upon it. */
export interface Line {
  readonly outgoing: Outgoing;
  readonly words: ConnectionWords;
  readonly bytesWritten: number;
  /** Reads no more until `goOn`. */
  wait(): void;
  goOn(): void;
  destroy(): void;
}

/** A call that came through the front, one at a time on its connection. */
export class FrontCall implements ClientCall, Answer {
  readonly method: string;
  readonly rawHeaders: readonly string[];
  isAsked: boolean;
  isLast: boolean;
  headersSent = false;
  isEnded = false;
  status = 200;
  finished = false;
  closed = false;
  readonly #line: Line;
  readonly #said: Head['said'];
  #whole: Buffer | null;
  #reader: BodyReader | null = null;
  /** What came of the body before anybody wanted it. */
  #waiting: FewPieces | null = null;
  #onClosed: (() => void) | null = null;

  /**
   * @param wholeBody null where it did not come with the head: `piece` and `bodyOver` bring it
   * @param isLast whether the connection is to end with it
   */
  constructor(line: Line, head: Head, wholeBody: Buffer | null, isLast: boolean) {
    this.#line = line;
    this.method = head.method;
    this.rawHeaders = head.rawHeaders;
    this.#said = head.said;
    this.#whole = wholeBody;
    this.isAsked = wholeBody !== null;
    this.isLast = isLast;
  }

  header(name: LookedUpHeader): string | undefined {
    return headerIn(this.#said, name);
  }

  takeWholeBody(): Buffer | null {
    const whole = this.#whole;
    this.#whole = null;
    return whole;
  }

  /** No expectation comes this far. */
  letBodyCome(): void {}

  readBody(reader: BodyReader): void {
    const isFirst = this.#reader === null;
    this.#reader = reader;
    if (!isFirst) return;
    const whole = this.takeWholeBody();
    const waiting = whole === null ? (this.#waiting?.take() ?? []) : [whole];
    this.#waiting = null;
    // It may be another one from one piece to the next.
    for (const bytes of waiting) this.#reader.piece(bytes);
    if (this.isAsked) this.#letGo().end();
    else this.#line.goOn();
  }

  get taken(): number {
    return this.#line.bytesWritten;
  }

  writeHead(status: number, headers: string[]): void {
    const { words, outgoing } = this.#line;
    outgoing.begin(answerHead(status, headers, this.isLast ? words.ends : words.stays, httpDate()));
    this.status = status;
    this.headersSent = true;
  }

  write(bytes: Buffer | string): boolean {
    if (this.closed) return false;
    return this.#line.outgoing.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  }

  onceDrained(goOn: () => void): void {
    this.#line.outgoing.onceDrained(goOn);
  }

  end(bytes?: Buffer | string): void {
    if (this.closed) return;
    this.isEnded = true;
    this.#line.outgoing.end(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  }

  onceClosed(listener: () => void): void {
    const before = this.#onClosed;
    this.#onClosed =
      before === null
        ? listener
        : () => {
            before();
            listener();
          };
  }

  endConnection(): void {
    this.isLast = true;
  }

  cutOff(): void {
    if (!this.closed) this.#line.destroy();
  }

  hangUp(): void {
    this.#line.destroy();
  }

  /** More of the body. */
  piece(bytes: Buffer): void {
    if (this.#reader !== null) this.#reader.piece(bytes);
    // It was answered without.
    else if (this.closed) return;
    else {
      this.#waiting ??= new FewPieces();
      this.#waiting.push(bytes);
      if (this.#waiting.size >= mostWaitingBytes) this.#line.wait();
    }
  }

  bodyOver(): void {
    this.isAsked = true;
    if (this.#reader !== null) this.#letGo().end();
  }

  /** All of the answer is out. What is still to come of the body is dropped, unless somebody reads it. */
  answered(): void {
    this.finished = true;
    this.#close();
    if (this.#reader !== null || this.isAsked) return;
    this.#waiting = null;
    this.#line.goOn();
  }

  /** The connection is gone. */
  lost(): void {
    if (!this.isAsked && this.#reader !== null) this.#letGo().lost();
    this.#close();
  }

  /** @returns who reads the body. A call outlives its body: nothing that it brought stays with it */
  #letGo(): BodyReader {
    const reader = this.#reader ?? noReader;
    this.#reader = noReader;
    return reader;
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#onClosed?.();
    this.#onClosed = null;
  }
}

const nothing = (): void => undefined;
const noReader: BodyReader = { piece: nothing, end: nothing, lost: nothing };
