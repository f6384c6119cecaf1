import type { Socket } from 'node:net';
import { endUnlessRead } from '@wakefield/runtime';
import { bodyCopy, memoryFor, memorySize } from '../../body-memory.ts';
import { FewPieces } from '../../few-pieces.ts';
import type { YieldReason } from '../../metrics.ts';
import { readAsStream, readShared } from '../../shared-reads.ts';
import type { Connection } from '../connections.ts';
import type { ConnectionWords } from './answer-head.ts';
import { FrontCall, type Line } from './front-call.ts';
import type { House } from './house.ts';
import { Outgoing } from './outgoing.ts';
import { type Head, readHead } from './read-head.ts';

/** So much is kept that came behind an unfinished request. What is beyond stays unread, and with it that its client left. */
const mostBehindBytes = 64 * 1024;

/** A connection whose requests are read here, one after the other, until one comes that is not for here. */
export class FrontConnection implements Line {
  readonly outgoing: Outgoing;
  readonly words: ConnectionWords;
  readonly #house: House;
  readonly #socket: Socket;
  readonly #connection: Connection;
  /** The one that is under way: it is not answered yet, or not all of it is there. */
  #call: FrontCall | null = null;
  /** So much of its body is still to come. */
  #missing = 0;
  /** For all of its body, where most of that came at once. */
  #room: Buffer | null = null;
  /** The beginning of a head. */
  #begun: Buffer | null = null;
  /** What came behind the call, and is not looked at before that is over. */
  #behind: FewPieces | null = null;
  /** The look since which it waits: for a request, or for the rest of one. */
  #since: number;
  /** Whether what still comes on it is of no interest. */
  #over = false;

  constructor(house: House, socket: Socket, connection: Connection) {
    this.#house = house;
    this.#socket = socket;
    this.#connection = connection;
    this.words = house.words;
    this.outgoing = new Outgoing(socket, this.#sent);
    this.#since = house.looks;
    if (!readShared(socket, this.#data)) socket.on('data', this.#data);
    socket
      .on('drain', this.outgoing.drained)
      .on('end', this.#ended)
      .on('error', ignore)
      .on('close', this.#closed);
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  wait(): void {
    this.#socket.pause();
  }

  goOn(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** What was said before goes out. */
  destroy(): void {
    this.outgoing.flush();
    this.#socket.destroy();
  }

  /** Ends it where it has waited for too long. */
  look(): void {
    const { looks, patience } = this.#house;
    const waited = looks - this.#since;
    if (this.#over) {
      // It was to end, and its client does not care.
      if (waited >= patience.idle) this.destroy();
    } else if (this.#call !== null) {
      if (this.#missing > 0 && waited >= patience.request) this.#failUnlessRead(this.#call);
    } else if (this.#begun !== null || this.#connection.newest === undefined) {
      if (waited >= patience.head) this.#failUnlessRead(null);
    } else if (waited >= patience.idle) endUnlessRead(this.#socket);
  }

  readonly #data = (bytes: Buffer): void => {
    if (this.#over) return;
    if (this.#call === null) this.#next(bytes);
    else if (this.#missing > 0) this.#fill(this.#call, bytes);
    else this.#keep(bytes);
  };

  /** More of what begins with the first byte of a request. What is kept of it is copied: others are read where it is. */
  #next(more: Buffer): void {
    const begun = this.#begun;
    const bytes = begun === null ? more : Buffer.concat([begun, more]);
    const head = readHead(bytes, this.#house.mostBodyBytes);
    if (begun === null) this.#since = this.#house.looks;
    this.#begun = null;
    if (head === 'incomplete') this.#begun = begun === null ? Buffer.from(bytes) : bytes;
    else if (head === 'other') this.#yield(bytes, 'head');
    else this.#take(head, bytes);
  }

  #take(head: Head, bytes: Buffer): void {
    const destination = this.#house.destinationOf(head);
    const end = head.headBytes + head.bodyBytes;
    if (destination === null) this.#yield(bytes, 'route');
    // Who sends the next one before the answer is served by a server that was made for that.
    else if (bytes.length > end) this.#yield(bytes, 'pipelined');
    else {
      this.#missing = end - bytes.length;
      const body = this.#bodyOf(bytes.subarray(head.headBytes));
      const isLast = !head.keepAlive || this.#house.isRetired;
      const call = new FrontCall(this, head, this.#missing === 0 ? body : null, isLast);
      this.#call = call;
      this.#connection.newest = call;
      this.#connection.isUsed = true;
      if (this.#missing > 0 && body.length > 0) call.piece(body);
      this.#house.serve(call, destination);
    }
  }

  /** The beginning of a body, or all of it. */
  #bodyOf(bytes: Buffer): Buffer {
    const size = bytes.length + this.#missing;
    if (this.#missing === 0 || memorySize(size) > 2 * bytes.length) return bodyCopy(bytes);
    this.#room = memoryFor(size);
    return this.#room.subarray(0, bytes.copy(this.#room));
  }

  /** More of its body, and maybe of what is behind it. */
  #fill(call: FrontCall, bytes: Buffer): void {
    const missing = this.#missing;
    this.#missing = Math.max(0, missing - bytes.length);
    const piece = bytes.length > missing ? bytes.subarray(0, missing) : bytes;
    const room = this.#room;
    if (room === null) call.piece(bodyCopy(piece));
    else {
      const at = room.length - missing;
      call.piece(room.subarray(at, at + piece.copy(room, at)));
    }
    if (this.#missing > 0) return;
    this.#room = null;
    call.bodyOver();
    if (bytes.length > missing) this.#keep(bytes.subarray(missing));
    if (call.finished) this.#free(false);
  }

  #keep(bytes: Buffer): void {
    this.#behind ??= new FewPieces();
    this.#behind.push(Buffer.from(bytes));
    if (this.#behind.size >= mostBehindBytes) this.wait();
  }

  /** The answer was handed to the operating system. */
  readonly #sent = (error?: Error | null): void => {
    const call = this.#call;
    if (error != null || call === null) return;
    call.answered();
    if (this.#over) return;
    if (call.isLast) {
      this.#end();
      this.#socket.destroySoon();
    } else if (this.#missing === 0) this.#free(this.#behind !== null);
  };

  /**
   * The next one may come, or is there.
   * @param isLate whether it came before this one was answered
   */
  #free(isLate: boolean): void {
    this.#call = null;
    this.#connection.isLate = isLate;
    this.#since = this.#house.looks;
    this.goOn();
    const behind = this.#behind;
    this.#behind = null;
    if (behind !== null) this.#next(behind.takeWhole());
  }

  #yield(bytes: Buffer, why: YieldReason): void {
    const socket = this.#socket;
    this.#end();
    this.#house.left(this);
    socket
      .off('data', this.#data)
      .off('drain', this.outgoing.drained)
      .off('end', this.#ended)
      .off('error', ignore)
      .off('close', this.#closed);
    // What is put back stays until somebody listens and reading goes on.
    socket.pause();
    readAsStream(socket);
    socket.unshift(Buffer.from(bytes));
    this.#house.yieldToNode(socket, why);
    socket.resume();
  }

  #failUnlessRead(call: FrontCall | null): void {
    const { newest } = this.#connection;
    // Where this process has stood still, what was sent meanwhile is read before immediates.
    setImmediate(() => {
      const isNew = this.#call !== call || this.#connection.newest !== newest;
      const isThere = call !== null && this.#missing === 0;
      if (!this.#over && !isNew && !isThere) this.#fail('ERR_HTTP_REQUEST_TIMEOUT');
    });
  }

  /** @param code what the parser of node:http would say */
  #fail(code: string): void {
    this.outgoing.flush();
    this.#end();
    this.#house.failed(
      Object.assign(new Error('the request did not come'), { code }),
      this.#socket,
    );
  }

  /** The client says no more. As with node:http that ends what it has asked for, too. */
  readonly #ended = (): void => {
    if (this.#over) return;
    if (this.#begun !== null || this.#missing > 0) this.#fail('HPE_INVALID_EOF_STATE');
    else {
      this.outgoing.flush();
      this.#end();
      this.#socket.end();
    }
  };

  #end(): void {
    this.#over = true;
    this.#since = this.#house.looks;
  }

  readonly #closed = (): void => {
    this.#end();
    this.#house.left(this);
    this.#call?.lost();
    this.#call = null;
  };
}

function ignore(): void {
  // `close` follows.
}
