import { connect, type Socket } from 'node:net';

const ok = Buffer.from('HTTP/1.1 200');
const nothing: Buffer = Buffer.alloc(0);

export interface ClientEvents {
  /** The first byte of an answer with status 200 is there. */
  first(): void;
  /** Its last byte is. */
  complete(): void;
  /** Another status, or a connection that broke. */
  failed(reason: string): void;
}

/** A client on a bare socket, one request at a time. Checks the status and how the answer ends. */
export class Client {
  readonly #socket: Socket;
  readonly #end: Buffer;
  #events: ClientEvents | null = null;
  #started = false;
  #tail = nothing;

  constructor(port: number, end: Buffer) {
    this.#end = end;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (piece: Buffer) => this.#take(piece));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
  }

  send(bytes: Buffer, events: ClientEvents): void {
    this.#events = events;
    this.#started = false;
    this.#tail = nothing;
    this.#socket.write(bytes);
  }

  close(): void {
    this.#events = null;
    this.#socket.destroy();
  }

  #take(piece: Buffer): void {
    const events = this.#events;
    if (events === null) return;
    if (!this.#started) {
      this.#started = true;
      if (!piece.subarray(0, ok.length).equals(ok)) {
        this.#fail(piece.toString('latin1', 0, 300));
        return;
      }
      events.first();
    }
    const size = this.#end.length;
    const last = piece.length >= size ? piece : Buffer.concat([this.#tail, piece]);
    this.#tail = last.subarray(-size);
    if (!this.#tail.equals(this.#end)) return;
    this.#events = null;
    events.complete();
  }

  #fail(reason: string): void {
    const events = this.#events;
    this.#events = null;
    this.#socket.destroy();
    events?.failed(reason);
  }
}
