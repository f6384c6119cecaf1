import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyReader, ClientCall, LookedUpHeader } from './client-call.ts';
import type { Answer } from './connections.ts';

/** A call as node:http has it. */
export class NodeCall implements ClientCall, Answer {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #reader: BodyReader | null = null;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  header(name: LookedUpHeader): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  takeWholeBody(): null {
    return null;
  }

  letBodyCome(): void {
    letBodyCome(this.#request, this.#response);
  }

  readBody(reader: BodyReader): void {
    const isFirst = this.#reader === null;
    this.#reader = reader;
    if (!isFirst) return;
    this.#request
      .on('data', (bytes: Buffer) => this.#reader?.piece(bytes))
      .once('end', () => this.#bodyOver()?.end())
      .once('close', () => this.#bodyOver()?.lost());
  }

  get headersSent(): boolean {
    return this.#response.headersSent;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  get finished(): boolean {
    return this.#response.writableFinished;
  }

  get closed(): boolean {
    return this.#response.closed;
  }

  get isEnded(): boolean {
    return this.#response.writableEnded;
  }

  get isLast(): boolean {
    return !this.#response.shouldKeepAlive;
  }

  get isAsked(): boolean {
    return this.#request.complete;
  }

  get taken(): number | null {
    // It has no socket while it waits behind the answer to an earlier request.
    return this.#response.socket?.bytesWritten ?? null;
  }

  writeHead(status: number, headers: string[]): void {
    this.#response.writeHead(status, headers);
  }

  write(bytes: Buffer | string): boolean {
    return this.#response.write(bytes);
  }

  onceDrained(goOn: () => void): void {
    this.#response.once('drain', goOn);
  }

  end(bytes?: Buffer | string): void {
    this.#response.end(bytes);
  }

  onceClosed(listener: () => void): void {
    this.#response.once('close', listener);
  }

  endConnection(): void {
    this.#response.shouldKeepAlive = false;
  }

  cutOff(): void {
    this.#response.destroy();
  }

  hangUp(): void {
    this.#request.socket.destroy();
  }

  /** Its reader, to be told so; it hears no more. */
  #bodyOver(): BodyReader | null {
    const reader = this.#reader;
    this.#reader = noReader;
    return reader;
  }
}

const nothing = (): void => undefined;
const noReader: BodyReader = { piece: nothing, end: nothing, lost: nothing };

/**
 * Asks for the body of a client that waits to be asked (RFC 9110 §10.1.1). Until then the expectation stands
 * among the headers, and an answer tells by it that the connection is of no further use.
 */
export function letBodyCome(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect === undefined) return;
  // HTTP/1.0 knows no answer before the answer.
  if (request.httpVersion === '1.1') response.writeContinue();
  delete request.headers.expect;
}
