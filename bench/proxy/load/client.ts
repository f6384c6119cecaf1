import { connect, type Socket } from 'node:net';
import type { Expected } from '../wire.ts';
import { AnswerReader, type OnBody } from './answer-reader.ts';

export interface ClientEvents {
  /** The first byte of an answer is there. */
  first(): void;
  /** All of it is, and it is as it should be. */
  complete(): void;
  /** It is not, or the connection broke. */
  failed(reason: string): void;
}

/** A client on a bare socket, one request at a time; connects anew when its connection was closed. */
export class Client {
  readonly #port: number;
  readonly #expected: Expected;
  readonly #onBody: OnBody | null;
  #socket: Socket | null = null;
  #request: Buffer = Buffer.alloc(0);
  #events: ClientEvents | null = null;
  #reader: AnswerReader;
  #begun = false;
  /** An answer came on this connection before. */
  #used = false;
  reconnects = 0;

  constructor(port: number, expected: Expected, onBody: OnBody | null = null) {
    this.#port = port;
    this.#expected = expected;
    this.#onBody = onBody;
    this.#reader = new AnswerReader(expected, true, onBody);
  }

  send(request: Buffer, events: ClientEvents): void {
    this.#events = events;
    this.#request = request;
    this.#begun = false;
    this.#reader = new AnswerReader(this.#expected, !this.#used, this.#onBody);
    this.#socket ??= this.#connect();
    this.#socket.write(request);
  }

  close(): void {
    this.#events = null;
    this.#drop();
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const lost = (why: string): void => {
      if (this.#socket === socket) this.#lost(why);
    };
    socket.on('data', (piece: Buffer) => this.#take(piece));
    socket.on('error', (error) => lost(error.message));
    socket.on('close', () => lost('the connection was closed before the answer was there'));
    return socket;
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#used = false;
    socket?.destroy();
  }

  /** A connection that was kept may be closed under a request; clients then send it once more, on a new one. */
  #lost(why: string): void {
    const events = this.#events;
    const again = this.#used && !this.#begun;
    this.#drop();
    if (events === null) return;
    if (again) {
      this.reconnects += 1;
      this.send(this.#request, events);
      return;
    }
    this.#events = null;
    events.failed(why);
  }

  #take(piece: Buffer): void {
    const events = this.#events;
    if (events === null) return;
    if (!this.#begun) {
      this.#begun = true;
      events.first();
    }
    try {
      if (!this.#reader.take(piece)) return;
    } catch (error) {
      this.close();
      events.failed(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#events = null;
    this.#used = true;
    if (this.#reader.closes) this.#drop();
    events.complete();
  }
}
