import type { DurationMs, TimeLimits } from '@wakefield/domain';
import type { AnswerHead } from './answer/head-reader.ts';
import { switchingProtocols } from './answer/switching.ts';
import type { AnswerControl, AnswerHandler } from './answer-handler.ts';
import { EngineStalledError, EngineTimeoutError } from './engine-timeout.ts';

/** What a session is ended for that nobody ends. Infinity: as long as it takes. */
export interface SessionPatience {
  /** Its engine takes nothing of what its client says. While the client is held up, nobody hears that it leaves. */
  readonly stallMs: DurationMs;
  /** Neither side says anything. */
  readonly sessionIdleMs: DurationMs;
}

/** The connection that a request is on, as the request sees it. */
export interface Carrier {
  readonly paused: boolean;
  /** Bytes that were written and wait to be taken; a piece counts until all of it is. */
  readonly unsent: number;
  /** Whether nothing here holds any bytes that were written. */
  readonly isTaken: boolean;
  pause(): void;
  resume(): void;
  /** At once, and saying nothing to the request. */
  close(): void;
  /** @returns false when it cannot take more */
  write(bytes: Buffer): boolean;
  finish(): void;
}

/** One request at an engine: passes on what comes of it, and can tell whether anything still does. */
export class UnderWay implements AnswerControl {
  /** For the roster of its pool. */
  rosterIndex = -1;
  readonly #handler: AnswerHandler;
  readonly #onOver: (request: UnderWay) => void;
  /** From when it is sent until it is over. */
  #carrier: Carrier | null = null;
  #over = false;
  /** What its carrier said at the end. */
  #wasTaken = false;
  /** What came so far, and what had come when it was last looked at. */
  #pieces = 0;
  #seen = 0;
  #quietLooks = 0;
  readonly #limits: TimeLimits;
  /** When something last came, by the clock of whoever looks: the sweep that saw it, not the moment itself. */
  #heardAt: DurationMs = 0;
  /** What had come by then. */
  #heard = 0;
  /** Whether something was said to it since then: a session lives by both sides. */
  #hasSaid = false;
  /** null: it is no session that is asked for. */
  readonly #patience: SessionPatience | null;
  /** Bytes that were written to its engine in a session, how many of those it had taken, and since when. */
  #said = 0;
  #taken = 0;
  #takenAt: DurationMs = 0;

  constructor(
    handler: AnswerHandler,
    limits: TimeLimits,
    onOver: (request: UnderWay) => void,
    patience: SessionPatience | null = null,
  ) {
    this.#patience = patience;
    this.#handler = handler;
    this.#limits = limits;
    this.#onOver = onOver;
  }

  /** Whether its answer has begun. */
  get answering(): boolean {
    return this.#pieces > 0;
  }

  /**
   * Called every now and then. What waits for its client to take more is not quiet.
   * @returns at how many looks in a row nothing had come since the one before
   */
  look(): number {
    const isQuiet = this.#pieces === this.#seen && !this.paused;
    this.#quietLooks = isQuiet ? this.#quietLooks + 1 : 0;
    this.#seen = this.#pieces;
    return this.#quietLooks;
  }

  /** The looks count from now on. */
  lookAnew(): void {
    this.#quietLooks = 0;
    this.#seen = this.#pieces;
  }

  /** Called every now and then: gives up what brings nothing for too long. Waiting for its client does not count. */
  checkTime(at: DurationMs): void {
    if (this.#carrier === null) return;
    if (this.#patience !== null && this.#isStuck(this.#carrier, this.#patience, at)) {
      this.giveUp(new EngineStalledError(this.#patience.stallMs));
      return;
    }
    if (this.#heard !== this.#pieces || this.#hasSaid || this.#carrier.paused) {
      this.#heard = this.#pieces;
      this.#hasSaid = false;
      this.#heardAt = at;
      return;
    }
    const { firstByteMs, betweenBytesMs } = this.#limits;
    const quietMs = Math.min(betweenBytesMs, this.#patience?.sessionIdleMs ?? betweenBytesMs);
    const limitMs = this.answering ? quietMs : firstByteMs;
    if (at - this.#heardAt < limitMs) return;
    const limit = this.answering ? 'between_bytes' : 'first_byte';
    this.giveUp(new EngineTimeoutError(limit, limitMs));
  }

  /** An engine that waits for its client to read may rightly read nothing itself: that is its client's to end. */
  #isStuck(carrier: Carrier, { stallMs }: SessionPatience, at: DurationMs): boolean {
    const { unsent } = carrier;
    const taken = this.#said - unsent;
    if (unsent > 0 && !carrier.paused && taken === this.#taken)
      return at - this.#takenAt >= stallMs;
    this.#taken = taken;
    this.#takenAt = at;
    return false;
  }

  giveUp(reason: Error): void {
    if (this.#over) return;
    this.abort();
    this.#handler.onError(reason);
  }

  get paused(): boolean {
    return this.#carrier?.paused ?? false;
  }

  get isTaken(): boolean {
    return this.#carrier?.isTaken ?? this.#wasTaken;
  }

  pause(): void {
    this.#carrier?.pause();
  }

  resume(): void {
    this.#carrier?.resume();
  }

  abort(): void {
    const carrier = this.#carrier;
    this.#end();
    carrier?.close();
  }

  write(bytes: Buffer): boolean {
    this.#said += bytes.length;
    const isFree = this.#carrier?.write(bytes) ?? true;
    // An engine that takes nothing any more is not kept by what waits for it.
    this.#hasSaid ||= isFree;
    return isFree;
  }

  finish(): void {
    this.#carrier?.finish();
  }

  drained(): void {
    this.#hasSaid = true;
    if (!this.#over) this.#handler.onDrained();
  }

  /**
   * There is a connection.
   * @returns whether the request is still to be sent
   */
  start(): boolean {
    if (!this.#over) this.#handler.onStart(this);
    return !this.#over;
  }

  sentOn(carrier: Carrier, at: DurationMs): void {
    this.#carrier = carrier;
    this.#heardAt = at;
    this.#takenAt = at;
  }

  head({ status, headers }: AnswerHead): void {
    // There may be nothing to say for as long as its client is silent.
    if (status === switchingProtocols) this.#pieces += 1;
    this.#handler.onHead(status, headers);
  }

  data(piece: Buffer): void {
    this.#pieces += 1;
    this.#handler.onData(piece);
  }

  complete(): void {
    this.#wasTaken = this.isTaken;
    this.#end();
    this.#handler.onEnd();
  }

  failed(error: Error): void {
    if (this.#over) return;
    this.#end();
    this.#handler.onError(error);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#carrier = null;
    this.#onOver(this);
  }
}
