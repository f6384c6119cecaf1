import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { intoStream, pauseStream, readShared } from '../shared-reads.ts';
import { atTurnEnd } from '../turn-end.ts';
import { AnswerParser, type AnswerSink } from './answer/answer-parser.ts';
import type { AnswerHead } from './answer/head-reader.ts';
import type { Carrier, UnderWay } from './under-way.ts';

/**
 * Up to here a request is one buffer, which Node takes from its pool; above it, head and body are written as they are.
 * Both are one write on the wire.
 */
const oneBufferBytes = 4000;

/** Who opened a connection. */
export interface ConnectionOwner {
  /**
   * The answer is complete, and the connection good for another request.
   * @param keepSeconds how long the engine says that it keeps it; null: it does not say
   */
  free(connection: Connection, keepSeconds: number | null): void;
  /** It is of no more use. Once. */
  closed(connection: Connection): void;
}

/** A connection to an engine, whatever carries its bytes: one request at a time, one after the other. */
export class Connection implements AnswerSink, Carrier {
  /** While it is idle: until when it may be used again, by its owner's clock. */
  goodUntil = 0;
  readonly #channel: Duplex;
  readonly #owner: ConnectionOwner;
  readonly #parser = new AnswerParser(this);
  /** null: it is idle, or closed. */
  #request: UnderWay | null = null;
  /** A request on its way out, until the end of this turn. */
  #due: { readonly head: string; readonly body: Buffer } | null = null;
  #closed = false;
  #reading = false;
  /** Nobody else may ever use it: what its engine made of the offer is not for us to know. */
  #isForOne = false;
  /** What was read and not told, because the request was paused in the middle of it. */
  #rest: Buffer | null = null;
  /** How it ended, while that is not told: all that came before is told first. */
  #fate: Error | 'ended' | 'closed' | null = null;

  constructor(channel: Duplex, owner: ConnectionOwner) {
    this.#channel = channel;
    this.#owner = owner;
    if (channel instanceof Socket) readShared(channel, (view) => this.#cameOn(channel, view));
    channel.on('data', (bytes: Buffer) => this.#received(bytes));
    channel.on('end', () => this.#ended('ended'));
    channel.on('error', (error: Error) => this.#ended(error));
    channel.on('close', () => this.#ended('closed'));
  }

  /** @param head a character for each byte */
  send(request: UnderWay, head: string, body: Buffer): void {
    this.#request = request;
    this.#parser.begin();
    this.#due = { head, body };
    atTurnEnd(this.#sendDue);
  }

  /** Offers to switch to WebSocket. Whatever the answer, the connection is good for nothing else. */
  offer(request: UnderWay, head: string): void {
    this.#request = request;
    this.#parser.begin(false, true);
    this.#channel.on('drain', () => this.#request?.drained());
    this.#isForOne = true;
    this.#channel.write(head, 'latin1');
  }

  write(bytes: Buffer): boolean {
    return this.#channel.write(bytes);
  }

  finish(): void {
    this.#channel.end();
  }

  readonly #sendDue = (): void => {
    // It may have been closed meanwhile.
    if (this.#due === null) return;
    const { head, body } = this.#due;
    this.#due = null;
    const size = head.length + body.length;
    if (size <= oneBufferBytes) {
      const bytes = Buffer.allocUnsafe(size);
      bytes.write(head, 'latin1');
      bytes.set(body, head.length);
      this.#channel.write(bytes);
    } else {
      this.#channel.cork();
      this.#channel.write(head, 'latin1');
      this.#channel.write(body);
      this.#channel.uncork();
    }
  };

  get paused(): boolean {
    return this.#request !== null && this.#parser.stopped;
  }

  get unsent(): number {
    return this.#channel.writableLength;
  }

  /** Only the system's own sockets copy what they say to have written. */
  get isTaken(): boolean {
    const channel = this.#channel;
    return channel instanceof Socket && !channel.destroyed && this.#isWritten;
  }

  get #isWritten(): boolean {
    return this.#due === null && this.#channel.writableLength === 0;
  }

  pause(): void {
    if (this.#request === null) return;
    this.#parser.stopped = true;
    pauseStream.call(this.#channel);
  }

  resume(): void {
    const request = this.#request;
    if (request === null || !this.#parser.stopped) return;
    this.#parser.stopped = false;
    if (!this.#reading) this.#catchUp();
    if (this.#request === request && !this.#parser.stopped) this.#channel.resume();
  }

  close(): void {
    this.#request = null;
    this.#due = null;
    this.#rest = null;
    // It may be in the middle of a piece.
    this.#parser.stopped = true;
    if (this.#closed) return;
    this.#closed = true;
    this.#channel.destroy();
    this.#owner.closed(this);
  }

  onHead(head: AnswerHead): void {
    this.#request?.head(head);
  }

  onData(piece: Buffer): void {
    this.#request?.data(piece);
  }

  /** Past the stream, unless it is to wait there. What is told of it goes on at the end of this turn, or later. */
  #cameOn(channel: Socket, view: Buffer): boolean {
    if (this.#parser.stopped || channel.readableLength > 0) return intoStream(channel, view);
    this.#received(Buffer.from(view));
    return true;
  }

  #received(bytes: Buffer): void {
    // Whatever comes without a question is the answer to nothing.
    if (this.#request === null) this.close();
    else if (this.#due !== null) this.#fail(new Error('the engine spoke before it was asked'));
    else this.#read(bytes);
  }

  #read(bytes: Buffer): void {
    let read = 0;
    this.#reading = true;
    try {
      read = this.#parser.read(bytes);
    } catch (error) {
      // A bad answer, or whoever hears of it has failed: nobody else is to pay for either.
      this.#fail(error as Error);
      return;
    } finally {
      this.#reading = false;
    }
    if (this.#request === null) return;
    const isAll = read === bytes.length;
    if (this.#parser.stopped) this.#rest = isAll ? null : bytes.subarray(read);
    else if (this.#parser.over) this.#finish(isAll);
  }

  /** Tells what was not told because of a pause. */
  #catchUp(): void {
    const request = this.#request;
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null) this.#read(rest);
    else if (this.#parser.over) this.#finish(true);
    if (this.#request === request && !this.#parser.stopped) this.#settle();
  }

  #ended(fate: Error | 'ended' | 'closed'): void {
    if (this.#request === null) {
      this.close();
      return;
    }
    this.#fate ??= fate;
    if (!this.#parser.stopped) this.#settle();
  }

  #settle(): void {
    const fate = this.#fate;
    if (fate === null) return;
    if (fate !== 'ended') {
      this.#fail(fate === 'closed' ? new Error('the connection was closed') : fate);
    } else if (this.#parser.endOfInput()) this.#finish(true);
    else this.#fail(new Error('the engine closed the connection'));
  }

  /** @param clean whether nothing came behind the answer */
  #finish(clean: boolean): void {
    const request = this.#request;
    const framing = this.#parser.framing;
    this.#request = null;
    // An answer that came before its request was gone leaves the rest of that in front of the next.
    const sent = this.#isWritten && this.#channel.writable;
    const isGood = clean && sent && this.#fate === null && !this.#isForOne;
    if (isGood && framing?.persistent === true) {
      if (this.#channel.isPaused()) this.#channel.resume();
      this.#owner.free(this, framing.keepSeconds);
    } else this.close();
    request?.complete();
  }

  #fail(error: Error): void {
    const request = this.#request;
    this.close();
    request?.failed(error);
  }
}
