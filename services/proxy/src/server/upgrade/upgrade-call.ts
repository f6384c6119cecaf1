import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientSession } from '../../inference/session/client-session.ts';
import { switchingProtocols } from '../../upstream/answer/switching.ts';
import type { BodyReader, ClientCall, LookedUpHeader } from '../client-call.ts';
import type { Answer } from '../connections.ts';
import { chooseOurs, readSubprotocols, type Subprotocols } from './subprotocols.ts';

/** Until a client that has been told goodbye has to be gone. It may still read, and answer. */
const lingerMs = 2000;
/** Of silence, until the kernel asks whether the client is still there. */
const keepAliveMs = 60_000;
/** Compressed frames could not be metered, and engines would have to do the work. */
const extensions = 'sec-websocket-extensions';

/**
 * An offer of WebSocket, on a connection that node:http has let go of. A refusal is an ordinary answer, and the last of its
 * connection; once `101` is written, what is written are the bytes of a session.
 */
export class UpgradeCall implements ClientCall, ClientSession, Answer {
  readonly isLast = true;
  readonly isAsked = true;
  readonly rawHeaders: readonly string[];
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #subprotocols: Subprotocols;
  #switched = false;
  /** null: nothing may come before the answer. */
  #reader: BodyReader | null = null;
  #linger: NodeJS.Timeout | undefined;

  /** Touches nothing of the socket yet: `begin` does. */
  constructor(request: IncomingMessage, socket: Socket) {
    this.#request = request;
    this.#socket = socket;
    this.#subprotocols = readSubprotocols(request.rawHeaders);
    this.rawHeaders = without(this.#subprotocols.rawHeaders, extensions);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    this.#response = response;
  }

  /** Takes the socket over. */
  begin(): void {
    const socket = this.#socket;
    const response = this.#response;
    response.assignSocket(socket);
    response.once('finish', () => {
      response.detachSocket(socket);
      this.#leave();
    });
    socket.setTimeout(0);
    // A client whose machine is gone says nothing of that, and nobody may have anything to say to it.
    socket.setKeepAlive(true, keepAliveMs);
    socket
      .on('data', this.#data)
      .once('end', this.#ended)
      .on('error', () => socket.destroy())
      .once('close', () => clearTimeout(this.#linger));
    socket.resume();
  }

  get method(): string {
    return 'GET';
  }

  header(name: LookedUpHeader): string | undefined {
    const value = this.#request.headers[name];
    const { key } = this.#subprotocols;
    if (value === undefined && name === 'authorization' && key !== null) return `Bearer ${key}`;
    return Array.isArray(value) ? value.join(', ') : value;
  }

  takeWholeBody(): Buffer {
    return Buffer.alloc(0);
  }

  letBodyCome(): void {
    // It has none.
  }

  readBody(reader: BodyReader): void {
    reader.end();
  }

  read(reader: BodyReader): void {
    this.#reader = reader;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get headersSent(): boolean {
    return this.#switched || this.#response.headersSent;
  }

  get status(): number {
    return this.#switched ? switchingProtocols : this.#response.statusCode;
  }

  get finished(): boolean {
    return this.#switched ? this.#socket.writableFinished : this.#response.writableFinished;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  get isEnded(): boolean {
    return this.#switched ? this.#socket.writableEnded : this.#response.writableEnded;
  }

  get taken(): number {
    return this.#socket.bytesWritten;
  }

  writeHead(status: number, headers: string[]): void {
    if (status !== switchingProtocols) {
      this.#response.writeHead(status, headers);
      return;
    }
    this.#switched = true;
    this.#response.detachSocket(this.#socket);
    chooseOurs(headers, this.#subprotocols);
    let head = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n';
    for (let index = 0; index + 1 < headers.length; index += 2) {
      head += `${headers[index]}: ${headers[index + 1]}\r\n`;
    }
    this.#socket.write(`${head}\r\n`, 'latin1');
  }

  write(bytes: Buffer | string): boolean {
    return this.#switched ? this.#socket.write(bytes) : this.#response.write(bytes);
  }

  onceDrained(goOn: () => void): void {
    this.#socket.once('drain', goOn);
  }

  end(bytes?: Buffer | string): void {
    if (!this.#switched) {
      this.#response.end(bytes);
      return;
    }
    if (bytes === undefined) this.#socket.end();
    else this.#socket.end(bytes);
    this.#leave();
  }

  onceClosed(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  endConnection(): void {
    // It does.
  }

  cutOff(): void {
    this.#socket.destroy();
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  readonly #data = (bytes: Buffer): void => {
    if (this.#reader !== null) this.#reader.piece(bytes);
    // Before the answer a client has nothing to say (RFC 6455 §4.1): to whom it would be said is not decided.
    else if (!this.#response.headersSent) this.#socket.destroy();
  };

  /** It says no more, but may read what its engine makes of that. */
  readonly #ended = (): void => {
    if (this.#reader === null) this.#socket.destroy();
    else {
      this.#reader.end();
      this.#leave();
    }
  };

  /** All is said; who does not go by itself is not waited for. */
  #leave(): void {
    if (!this.#socket.writableEnded && !this.#switched) this.#socket.end();
    this.#socket.resume();
    this.#linger ??= setTimeout(() => this.#socket.destroy(), lingerMs).unref();
  }
}

function without(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => rawHeaders[index - (index % 2)]?.toLowerCase() !== name);
}
