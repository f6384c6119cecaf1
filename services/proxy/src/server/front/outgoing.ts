import type { Socket } from 'node:net';
import { atTurnEnd } from '../../turn-end.ts';
import type { AnswerHead, Framing } from './answer-head.ts';

/** Up to so many bytes it is cheaper to copy what goes out together than to hand it over piece by piece. */
const copiedBytes = 32 * 1024;
/** So many that came in one turn become one: an engine may send chunks of a byte, and each takes some hundred here. */
const mostLoose = 128;
const lastChunk = '0\r\n\r\n';
/** Bytes around a chunk of that size at most: four digits and two ends of lines. */
const mostAroundChunk = 8;
const noBytes = Buffer.alloc(0);

/** One answer after the other on its way to a socket. What is written in one turn of the loop is sent as one. */
export class Outgoing {
  readonly #socket: Socket;
  readonly #onSent: (error?: Error | null) => void;
  #head = '';
  #framing: Framing = 'none';
  /** What waits for the end of this turn. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Pieces since some were last put together. */
  #loose = 0;
  #isDue = false;
  /** Whether what waits is all that there will be. */
  #isLast = false;
  /** Who waits until there is room again. */
  #goOn: (() => void) | null = null;

  /** @param onSent called when an answer was handed to the operating system to its last byte, or will never be */
  constructor(socket: Socket, onSent: (error?: Error | null) => void) {
    this.#socket = socket;
    this.#onSent = onSent;
  }

  /** Goes out with the first bytes of its body. */
  begin({ text, framing }: AnswerHead): void {
    this.#head = text;
    this.#framing = framing;
  }

  /** @returns false when there is no room for more: wait for `onceDrained` */
  write(bytes: Buffer): boolean {
    if (this.#framing === 'none') return true;
    if (!this.#socket.writable) return false;
    this.#put(bytes);
    this.#soon();
    return this.#bytes + this.#socket.writableLength < this.#socket.writableHighWaterMark;
  }

  onceDrained(goOn: () => void): void {
    this.#goOn = goOn;
  }

  end(bytes: Buffer = noBytes): void {
    this.#goOn = null;
    if (!this.#socket.writable) return;
    if (this.#framing !== 'none') this.#put(bytes);
    this.#isLast = true;
    this.#soon();
  }

  /** Sends what waits: for who is about to end the connection. */
  flush(): void {
    const isLast = this.#isLast;
    this.#isLast = false;
    if (!this.#isDue || !this.#socket.writable) return;
    if (isLast || this.#head !== '' || this.#bytes > 0) this.#send(isLast);
  }

  /** For `drain` of the socket. */
  readonly drained = (): void => {
    const goOn = this.#goOn;
    this.#goOn = null;
    goOn?.();
  };

  #put(bytes: Buffer): void {
    // A chunk without bytes would be the last one.
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#loose += 1;
    if (this.#loose === mostLoose) {
      this.#loose = 0;
      this.#pieces.push(Buffer.concat(this.#pieces.splice(-mostLoose)));
    }
  }

  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    atTurnEnd(this.#atTurnEnd);
  }

  readonly #atTurnEnd = (): void => {
    this.flush();
    this.#isDue = false;
    // Who was told that there is no room is told by the socket when there is, unless there is some meanwhile.
    if (!this.#socket.writableNeedDrain) this.drained();
  };

  #send(isLast: boolean): void {
    const head = this.#head;
    const pieces = this.#pieces;
    const isChunked = this.#framing === 'chunks';
    const socket = this.#socket;
    const onSent = isLast ? this.#onSent : undefined;
    const isSmall = this.#bytes <= copiedBytes;
    this.#head = '';
    this.#pieces = [];
    this.#bytes = 0;
    this.#loose = 0;
    if (isSmall) {
      socket.write(joined(head, pieces, isChunked, isLast), onSent);
      return;
    }
    socket.cork();
    socket.write(head, 'latin1');
    for (const piece of pieces) {
      if (isChunked) socket.write(`${piece.length.toString(16)}\r\n`, 'latin1');
      socket.write(piece);
      if (isChunked) socket.write('\r\n', 'latin1');
    }
    socket.write(isLast && isChunked ? lastChunk : '', 'latin1', onSent);
    socket.uncork();
  }
}

/** All of it in one. */
function joined(
  head: string,
  pieces: readonly Buffer[],
  isChunked: boolean,
  isLast: boolean,
): Buffer {
  let size = head.length + (isChunked && isLast ? lastChunk.length : 0);
  for (const { length } of pieces) size += length + (isChunked ? mostAroundChunk : 0);
  const all = Buffer.allocUnsafe(size);
  let at = all.write(head, 0, 'latin1');
  for (const piece of pieces) {
    if (isChunked) at += all.write(`${piece.length.toString(16)}\r\n`, at, 'latin1');
    all.set(piece, at);
    at += piece.length;
    if (isChunked) at += all.write('\r\n', at, 'latin1');
  }
  if (isChunked && isLast) at += all.write(lastChunk, at, 'latin1');
  return at === size ? all : all.subarray(0, at);
}
