import { errorEvent } from '@wakefield/contracts';
import type { AppError } from '@wakefield/domain';
import { byName } from '../limits/rate-headers.ts';
import { sendError } from '../server/answer.ts';
import type { ClientCall } from '../server/client-call.ts';
import { switchingProtocols } from '../upstream/answer/switching.ts';
import { closeFrame } from './session/close-frame.ts';

const noHeaders: readonly string[] = [];

/**
 * The client's side of one inference request. Knows what was sent, so that a failure is told in the way that is
 * still open: a status, an error event, or a closed connection.
 */
export class Reply {
  /** When the engine's first byte went to the client (performance.now()), or null. */
  firstByteAt: number | null = null;
  /** Whether all of it was said, or it was broken off. */
  ended = false;
  /** Where its caller stands with the limits: headers of every answer, as a flat list. */
  rateHeaders: readonly string[] = noHeaders;
  readonly #client: ClientCall;
  readonly #requestId: string;
  readonly #onBegun: () => void;
  /** Whether the client has yet to take what was written; only then it can be stuck. */
  #blocked = false;
  /** What its socket had written when it was last looked at; null: not looked at since it is blocked. */
  #written: number | null = null;
  #early = false;

  /** @param onBegun called when an engine's answer begins: from then on there is no other one */
  constructor(client: ClientCall, requestId: string, onBegun: () => void) {
    this.#client = client;
    this.#requestId = requestId;
    this.#onBegun = onBegun;
  }

  get status(): number {
    return this.#client.headersSent ? this.#client.status : 0;
  }

  /** Whether our own event stream headers are out already. */
  get early(): boolean {
    return this.#early;
  }

  /** Opens an event stream before any engine has answered. */
  openEarly(): void {
    this.#early = true;
    this.#client.writeHead(200, [
      'content-type',
      'text/event-stream; charset=utf-8',
      'cache-control',
      'no-cache',
      'x-accel-buffering',
      'no',
      'x-request-id',
      this.#requestId,
      ...this.rateHeaders,
    ]);
  }

  /** An SSE comment: clients skip it, connections stay open for it. */
  comment(text: string): void {
    this.#client.write(`: ${text}\n\n`);
  }

  /** Status and headers of the engine. Only the first byte counts when our own are out. */
  head(status: number, headers: string[]): void {
    this.firstByteAt = performance.now();
    if (this.rateHeaders !== noHeaders) headers.push(...this.rateHeaders);
    if (!this.#early) this.#client.writeHead(status, headers);
    this.#onBegun();
  }

  /** @returns false when the client cannot take more: wait for `onceDrained` */
  write(bytes: Buffer): boolean {
    return this.#client.write(bytes);
  }

  onceDrained(goOn: () => void): void {
    this.#blocked = true;
    this.#client.onceDrained(() => {
      this.#blocked = false;
      this.#written = null;
      goOn();
    });
  }

  end(bytes?: Buffer): void {
    this.#client.end(bytes);
    this.#endedNow();
  }

  /** Called every now and then: cuts off a client that has taken nothing since the last time. */
  checkStall(): void {
    if (!this.#blocked || this.#client.finished) return;
    const written = this.#client.taken;
    // It waits behind the answer to an earlier request: it is not its client's turn yet.
    if (written === null) return;
    if (written === this.#written) this.#client.cutOff();
    this.#written = written;
  }

  /** Before anything of an engine was sent. */
  fail(error: AppError, headers: Readonly<Record<string, string>> = {}): void {
    if (this.#early) this.event(error);
    else
      sendError(this.#client, this.#requestId, error, { ...byName(this.rateHeaders), ...headers });
    this.#endedNow();
  }

  /** An error event as the last one of a stream, which OpenAI clients raise; in a session the frame that closes it. */
  event(error: AppError): void {
    const isSession = this.status === switchingProtocols;
    this.#client.end(isSession ? closeFrame(error) : errorEvent(error, this.#requestId));
    this.#endedNow();
  }

  /** Ends a stream with an error event of the engine, or of somebody who speaks for it. */
  rawEvent(json: string): void {
    this.#client.end(`data: ${json}\n\n`);
    this.#endedNow();
  }

  /** The only way left to say that an answer is not complete. */
  cutOff(): void {
    this.ended = true;
    this.#client.cutOff();
  }

  #endedNow(): void {
    this.ended = true;
    this.#blocked = true;
  }
}
