import { BadAnswerError } from './bad-answer.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type Framing, framingOf, isInterim } from './framing.ts';
import { type AnswerHead, HeadReader } from './head-reader.ts';
import { isWebSocket, switchingProtocols, tunnel } from './switching.ts';

/** What hears of an answer as it is read. */
export interface AnswerSink {
  onHead(head: AnswerHead): void;
  /** A view of the bytes that were read, never a copy. */
  onData(piece: Buffer): void;
}

type Stage = 'head' | 'body' | 'until_close' | 'size' | 'data' | 'data_end' | 'trailers' | 'over';

/**
 * Reads the answers that come on one connection, one after the other (RFC 9112), however the network cuts them. Strict:
 * what it takes, llhttp takes and reads alike; what is not clear it refuses (docs/adr/0017-own-upstream.md).
 */
export class AnswerParser {
  /** While it is set nothing is read: whoever hears of the answer takes no more of it. */
  stopped = false;
  readonly #sink: AnswerSink;
  readonly #heads = new HeadReader();
  readonly #chunks = new ChunkReader();
  #stage: Stage = 'over';
  #bodyless = false;
  #mayUpgrade = false;
  #framing: Framing | null = null;
  /** Bytes of the body, or of a chunk, that are yet to come. */
  #left = 0;
  #at = 0;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /**
   * The next answer may come.
   * @param bodyless to a HEAD: whatever its head says, no body follows
   * @param mayUpgrade to an offer of WebSocket: an answer may be the beginning of that
   */
  begin(bodyless = false, mayUpgrade = false): void {
    this.#stage = 'head';
    this.#bodyless = bodyless;
    this.#mayUpgrade = mayUpgrade;
    this.#framing = null;
  }

  /** Whether there is no more to come. */
  get over(): boolean {
    return this.#stage === 'over';
  }

  /** Of the answer whose head was read last; null before that. */
  get framing(): Framing | null {
    return this.#framing;
  }

  /**
   * @returns how many bytes were read: all, unless the answer is over or it was stopped
   * @throws BadAnswerError
   */
  read(bytes: Buffer): number {
    this.#at = 0;
    while (this.#at < bytes.length && this.#stage !== 'over' && !this.stopped) this.#step(bytes);
    return this.#at;
  }

  /**
   * The connection has ended.
   * @returns whether the answer is complete
   */
  endOfInput(): boolean {
    if (this.#stage === 'until_close') this.#stage = 'over';
    return this.#stage === 'over';
  }

  #step(bytes: Buffer): void {
    switch (this.#stage) {
      case 'head':
        this.#readHead(bytes);
        break;
      case 'body':
        this.#readData(bytes, 'over');
        break;
      case 'until_close':
        this.#give(bytes, bytes.length);
        break;
      case 'size':
        this.#readSize(bytes);
        break;
      case 'data':
        this.#readData(bytes, 'data_end');
        break;
      case 'data_end':
        if (this.#chunks.readEnd(bytes, this.#at)) this.#stage = 'size';
        this.#at = this.#chunks.at;
        break;
      case 'trailers':
        if (this.#chunks.skipTrailers(bytes, this.#at)) this.#stage = 'over';
        this.#at = this.#chunks.at;
        break;
    }
  }

  #readHead(bytes: Buffer): void {
    const head = this.#heads.read(bytes, this.#at);
    this.#at = this.#heads.at;
    if (head === null) return;
    const isSwitch = head.status === switchingProtocols;
    // Nobody here asks for another one.
    if (isSwitch && !(this.#mayUpgrade && isWebSocket(head))) {
      throw new BadAnswerError('another protocol');
    }
    const framing = isSwitch ? tunnel : framingOf(head, this.#bodyless);
    if (isInterim(head.status) && !isSwitch) return;
    this.#framing = framing;
    this.#stage = stageBehindHead(framing);
    if (typeof framing.body === 'number') this.#left = framing.body;
    this.#sink.onHead(head);
  }

  #readSize(bytes: Buffer): void {
    const size = this.#chunks.readSize(bytes, this.#at);
    this.#at = this.#chunks.at;
    if (size === null) return;
    this.#left = size;
    this.#stage = size === 0 ? 'trailers' : 'data';
  }

  #readData(bytes: Buffer, next: Stage): void {
    const end = Math.min(bytes.length, this.#at + this.#left);
    this.#left -= end - this.#at;
    if (this.#left === 0) this.#stage = next;
    this.#give(bytes, end);
  }

  /** Whoever hears of it may stop it: all is in order before. */
  #give(bytes: Buffer, end: number): void {
    const start = this.#at;
    this.#at = end;
    this.#sink.onData(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }
}

function stageBehindHead({ body }: Framing): Stage {
  if (body === 'chunked') return 'size';
  if (body === 'until_close') return 'until_close';
  return body === 0 ? 'over' : 'body';
}
