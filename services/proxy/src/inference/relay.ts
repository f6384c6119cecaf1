import { AppError } from '@wakefield/domain';
import { engineErrorEvent } from './engine-error.ts';
import { clientHeaders } from './headers.ts';
import type { Reply } from './reply.ts';
import { isAborted, isDyingEngine, StreamWatch } from './stream-watch.ts';
import { AnswerTail, findUsage, type Usage } from './usage.ts';

/** How an answer that has begun to reach the client came to its end. */
export interface RelayEnd {
  /** `cut`: the engine went away in the middle of it. */
  readonly outcome: 'complete' | 'engine_error' | 'cut';
  readonly usage: Usage | null;
}

/** What a relay makes of a piece: take more, wait, or it is over. */
export type Step = 'more' | 'full' | 'over';

/** Carries one answer from the engine to the client. */
export interface Relay {
  data(piece: Buffer): Step;
  /** The engine's answer is complete, as far as HTTP goes. */
  end(): void;
  /** The connection to the engine broke. */
  broken(): void;
}

/** Where a relay reports; exactly one of both, once. */
export interface RelaySink {
  /** Nothing of this answer has reached the client, and it is not worth having. */
  worthless(): void;
  relayed(end: RelayEnd): void;
}

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly requestId: string;
}

/**
 * vLLM sends the chunk with the role and the first one with text in one go, so waiting a moment for the second
 * costs nothing and tells an engine that answers from one that is being ended.
 */
const prefaceMs = 5;
const roleMark = Buffer.from('"role"');

/** Passes an event stream on as it comes, and sees when it only looks finished. */
export class StreamRelay implements Relay {
  readonly #reply: Reply;
  readonly #sink: RelaySink;
  readonly #head: Head;
  readonly #watch = new StreamWatch();
  /** What has not been sent yet; null once sending began. */
  #preface: Buffer[] | null = [];
  #prefaceTimer: NodeJS.Timeout | null = null;
  #failed = false;

  constructor(reply: Reply, head: Head, sink: RelaySink) {
    this.#reply = reply;
    this.#head = head;
    this.#sink = sink;
  }

  data(piece: Buffer): Step {
    const finding = this.#watch.inspect(piece);
    if (finding === 'ended') return this.#engineEnded(piece);
    this.#failed ||= finding === 'error';
    if (this.#preface === null) return this.#reply.write(piece) ? 'more' : 'full';
    this.#preface.push(piece);
    if (this.#preface.length > 1 || !isRoleOnly(piece)) return this.#begin();
    this.#prefaceTimer = setTimeout(() => this.#begin(), prefaceMs);
    return 'more';
  }

  end(): void {
    if (this.#preface !== null) this.#begin();
    this.#reply.end();
    this.#over(this.#failed ? 'engine_error' : 'complete');
  }

  broken(): void {
    if (this.#preface !== null) {
      this.#dropPreface();
      this.#sink.worthless();
    } else {
      if (this.#watch.atBoundary) this.#reply.event(engineGone());
      else this.#reply.cutOff();
      this.#over('cut');
    }
  }

  #engineEnded(piece: Buffer): Step {
    if (this.#preface !== null) {
      this.#dropPreface();
      this.#sink.worthless();
      return 'over';
    }
    if (this.#watch.cleanBytes > 0) this.#reply.write(piece.subarray(0, this.#watch.cleanBytes));
    this.#reply.event(engineGone());
    this.#over('cut');
    return 'over';
  }

  #begin(): Step {
    const pieces = this.#preface ?? [];
    this.#dropPreface();
    this.#reply.head(this.#head.status, streamHeaders(this.#head));
    let free = true;
    for (const piece of pieces) free = this.#reply.write(piece);
    return free ? 'more' : 'full';
  }

  #dropPreface(): void {
    this.#preface = null;
    if (this.#prefaceTimer !== null) clearTimeout(this.#prefaceTimer);
    this.#prefaceTimer = null;
  }

  #over(outcome: RelayEnd['outcome']): void {
    this.#sink.relayed({ outcome, usage: this.#watch.usage() });
  }
}

/** Without a length: a stream may come to another end than its engine has announced. */
function streamHeaders({ headers, requestId }: Head): string[] {
  const { 'content-length': _length, ...others } = headers;
  return clientHeaders(others, requestId);
}

/** Whether it is one event that says only who speaks. */
function isRoleOnly(piece: Buffer): boolean {
  return piece.includes(roleMark) && piece.indexOf('\n\n') === piece.length - 2;
}

/** Answers up to this size are looked at before they are sent: they may have to be asked for again. */
const lookedAtBytes = 256 * 1024;

/** Passes on an answer that is not an event stream. Small ones are looked at first, large ones pass through. */
export class PlainRelay implements Relay {
  readonly #reply: Reply;
  readonly #sink: RelaySink;
  readonly #head: Head;
  #collected: Buffer[] | null = [];
  #size = 0;
  readonly #tail = new AnswerTail();

  constructor(reply: Reply, head: Head, sink: RelaySink) {
    this.#reply = reply;
    this.#head = head;
    this.#sink = sink;
  }

  data(piece: Buffer): Step {
    this.#size += piece.length;
    if (this.#collected === null) return this.#pass(piece);
    this.#collected.push(piece);
    // Inside of an event stream only an error can be told, and errors are small.
    if (this.#size <= lookedAtBytes || this.#reply.early) return 'more';
    return this.#begin(this.#collected);
  }

  end(): void {
    if (this.#collected === null) {
      this.#reply.end();
      this.#sink.relayed({ outcome: this.#outcome(), usage: this.#tail.usage() });
      return;
    }
    const [first = Buffer.alloc(0)] = this.#collected;
    const body = this.#collected.length > 1 ? Buffer.concat(this.#collected) : first;
    if (isWorthless(this.#head.status, body)) this.#sink.worthless();
    else this.#finish(body);
  }

  broken(): void {
    if (this.#collected !== null) {
      this.#sink.worthless();
      return;
    }
    this.#reply.cutOff();
    this.#sink.relayed({ outcome: 'cut', usage: null });
  }

  #finish(body: Buffer): void {
    const { status, headers, requestId } = this.#head;
    if (this.#reply.early) {
      this.#reply.head(status, []);
      this.#reply.rawEvent(engineErrorEvent(status, body, requestId));
      this.#sink.relayed({ outcome: 'engine_error', usage: null });
      return;
    }
    const flat = clientHeaders(headers, requestId);
    if (headers['content-length'] === undefined) flat.push('content-length', String(body.length));
    this.#reply.head(status, flat);
    this.#reply.end(body);
    this.#sink.relayed({ outcome: this.#outcome(), usage: findUsage(body) });
  }

  #begin(pieces: readonly Buffer[]): Step {
    this.#collected = null;
    this.#reply.head(this.#head.status, clientHeaders(this.#head.headers, this.#head.requestId));
    let step: Step = 'more';
    for (const piece of pieces) step = this.#pass(piece);
    return step;
  }

  #pass(piece: Buffer): Step {
    this.#tail.push(piece);
    return this.#reply.write(piece) ? 'more' : 'full';
  }

  #outcome(): RelayEnd['outcome'] {
    return this.#head.status >= 500 ? 'engine_error' : 'complete';
  }
}

function isWorthless(status: number, body: Buffer): boolean {
  return status === 200 ? isAborted(body) : status >= 500 && isDyingEngine(body);
}

function engineGone(): AppError {
  return new AppError(
    'upstream_error',
    'The engine was stopped before the answer was complete; what came so far is all there is.',
  );
}
