import { FewPieces } from '../few-pieces.ts';
import { headerOf } from '../upstream/answer-handler.ts';
import { engineErrorEvent } from './engine-error.ts';
import { clientHeaders } from './headers.ts';
import type { Come, Head, Relay, RelayEnd, RelaySink, Step, Worthless } from './relay.ts';
import type { Reply } from './reply.ts';
import { isAborted, isDyingEngine } from './stream-watch.ts';
import { AnswerTail, findUsage } from './usage.ts';

/** Answers up to this size are looked at before they are sent: they may have to be asked for again. */
const lookedAtBytes = 256 * 1024;
const ourField = 'stream_options';

/** Passes on an answer that is not an event stream. Small ones are looked at first, large ones pass through. */
export class PlainRelay implements Relay {
  readonly told = null;
  readonly isSaid = false;
  readonly atBoundary = false;
  readonly #reply: Reply;
  readonly #sink: RelaySink;
  readonly #head: Head;
  readonly #asksUsage: boolean;
  #collected: FewPieces | null = new FewPieces();
  #size = 0;
  readonly #tail = new AnswerTail();

  /** @param asksUsage whether we have asked for what the caller did not */
  constructor(reply: Reply, head: Head, sink: RelaySink, asksUsage: boolean) {
    this.#reply = reply;
    this.#head = head;
    this.#sink = sink;
    this.#asksUsage = asksUsage;
  }

  data(piece: Buffer): Step {
    this.#size += piece.length;
    if (this.#collected === null) return this.#pass(piece);
    this.#collected.push(piece);
    if (this.#size <= lookedAtBytes) return 'more';
    if (!this.#reply.early) return this.#begin(this.#collected.take());
    // Inside of an event stream only an error can be told, and errors are small.
    const all = this.#collected.takeWhole();
    this.#finish(all, all.toString('latin1'));
    return 'over';
  }

  end(): void {
    if (this.#collected === null) {
      this.#reply.end();
      this.#sink.relayed({ outcome: this.#outcome(), usage: this.#tail.usage(), pieces: 0 });
      return;
    }
    const body = this.#collected.takeWhole();
    const text = body.toString('latin1');
    const why = this.#worthlessBy(text);
    if (why === null) this.#finish(body, text);
    else this.#sink.worthless(why);
  }

  broken(): void {
    if (this.#collected !== null) {
      this.#sink.worthless('broken');
      return;
    }
    this.#reply.cutOff();
    this.#sink.relayed({ outcome: 'cut', usage: null, pieces: 0 });
  }

  drained(): void {
    // Its request is one piece.
  }

  cancel(): void {
    this.#collected = null;
  }

  get come(): Come {
    return { chunks: 0, bytes: this.#size };
  }

  /** @param text the same, a character for each byte */
  #finish(body: Buffer, text: string): void {
    const { status, headers, requestId } = this.#head;
    if (this.#reply.early) {
      this.#reply.head(status, []);
      this.#reply.rawEvent(engineErrorEvent(status, body, requestId));
      this.#sink.relayed({ outcome: 'engine_error', usage: null, pieces: 0 });
      return;
    }
    const flat = clientHeaders(headers, requestId);
    if (headerOf(headers, 'content-length') === undefined)
      flat.push('content-length', String(body.length));
    this.#reply.head(status, flat);
    this.#reply.end(body);
    this.#sink.relayed({ outcome: this.#outcome(), usage: findUsage(body, text), pieces: 0 });
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

  #worthlessBy(body: string): Worthless | null {
    const { status } = this.#head;
    if (status === 200) return isAborted(body) ? 'ended' : null;
    // It may name it for another reason, too: what it says to the caller's own words is what the caller gets.
    if (this.#asksUsage && isRefusal(status) && body.includes(ourField)) return 'usage_refused';
    return status >= 500 && isDyingEngine(body) ? 'died' : null;
  }

  #outcome(): RelayEnd['outcome'] {
    return this.#head.status >= 500 ? 'engine_error' : 'complete';
  }
}

/** Of the body, by whoever checks bodies: vLLM and OpenAI say 400, FastAPI by itself 422. */
function isRefusal(status: number): boolean {
  return status === 400 || status === 422;
}
