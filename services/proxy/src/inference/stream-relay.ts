import { AppError } from '@wakefield/domain';
import { clientHeaders } from './headers.ts';
import type { Come, Head, Relay, RelayEnd, RelaySink, Step, Worthless } from './relay.ts';
import type { Reply } from './reply.ts';
import { StreamWatch } from './stream-watch.ts';
import type { UsageCut } from './usage-cut.ts';

/**
 * vLLM sends the chunk with the role and the first one with text in one go, so waiting a moment for the second
 * costs nothing and tells an engine that answers from one that is being ended.
 */
const prefaceMs = 5;
const roleMark = Buffer.from('"role"');

/** Passes an event stream on as it comes, and sees when it only looks finished. */
export class StreamRelay implements Relay {
  readonly told = null;
  readonly isSaid = false;
  readonly #reply: Reply;
  readonly #sink: RelaySink;
  readonly #head: Head;
  readonly #watch = new StreamWatch();
  readonly #cut: UsageCut | null;
  /** What has not been sent yet; null once sending began. */
  #preface: Buffer[] | null = [];
  #prefaceTimer: NodeJS.Timeout | null = null;
  #failed = false;
  #pieces = 0;

  /** @param cut takes out what is there only because we asked for it; null: the caller did, or nobody */
  constructor(reply: Reply, head: Head, sink: RelaySink, cut: UsageCut | null) {
    this.#reply = reply;
    this.#head = head;
    this.#sink = sink;
    this.#cut = cut;
  }

  data(piece: Buffer): Step {
    this.#pieces += 1;
    const finding = this.#watch.inspect(piece);
    if (finding === 'ended' || finding === 'died') return this.#engineEnded(piece, finding);
    this.#failed ||= finding === 'error';
    if (this.#preface === null) return this.#pass(piece) ? 'more' : 'full';
    this.#preface.push(piece);
    if (this.#preface.length > 1 || !isRoleOnly(piece)) return this.#begin();
    this.#prefaceTimer = setTimeout(() => this.#sink.later(() => this.#begin()), prefaceMs);
    return 'more';
  }

  end(): void {
    if (this.#preface !== null) this.#begin();
    this.#write(this.#cut?.rest());
    this.#reply.end();
    this.#over(this.#failed ? 'engine_error' : 'complete');
  }

  broken(): void {
    if (this.#preface !== null) {
      this.#dropPreface();
      this.#sink.worthless('broken');
    } else {
      this.#write(this.#cut?.wholeRest());
      if (this.atBoundary) this.#reply.event(engineGone());
      else this.#reply.cutOff();
      this.#over('cut');
    }
  }

  drained(): void {
    // Its request is one piece.
  }

  cancel(): void {
    this.#dropPreface();
  }

  get atBoundary(): boolean {
    return this.#cut?.atBoundary ?? this.#watch.atBoundary;
  }

  get come(): Come {
    const { events } = this.#watch;
    return { chunks: events === 0 ? this.#pieces : events, bytes: 0 };
  }

  #engineEnded(piece: Buffer, why: Worthless): Step {
    if (this.#preface !== null) {
      this.#dropPreface();
      this.#sink.worthless(why);
      return 'over';
    }
    if (this.#watch.cleanBytes > 0) this.#pass(piece.subarray(0, this.#watch.cleanBytes));
    this.#write(this.#cut?.wholeRest());
    this.#reply.event(engineGone());
    this.#over('cut');
    return 'over';
  }

  #begin(): Step {
    const pieces = this.#preface ?? [];
    this.#dropPreface();
    const { status, headers, requestId } = this.#head;
    // Without a length: a stream may come to another end than its engine has announced.
    this.#reply.head(status, clientHeaders(headers, requestId, 'content-length'));
    let free = true;
    for (const piece of pieces) free = this.#pass(piece);
    return free ? 'more' : 'full';
  }

  /** @returns false when the client cannot take more */
  #pass(piece: Buffer): boolean {
    return this.#write(this.#cut === null ? piece : this.#cut.take(piece));
  }

  #write(bytes: Buffer | undefined): boolean {
    return bytes === undefined || bytes.length === 0 || this.#reply.write(bytes);
  }

  #dropPreface(): void {
    this.#preface = null;
    if (this.#prefaceTimer !== null) clearTimeout(this.#prefaceTimer);
    this.#prefaceTimer = null;
  }

  #over(outcome: RelayEnd['outcome']): void {
    const usage = this.#cut?.usage ?? this.#watch.usage();
    this.#sink.relayed({ outcome, usage, pieces: this.#pieces });
  }
}

/** Whether it is one event that says only who speaks. */
function isRoleOnly(piece: Buffer): boolean {
  return piece.includes(roleMark) && piece.indexOf('\n\n') === piece.length - 2;
}

function engineGone(): AppError {
  return new AppError(
    'upstream_error',
    "The engine's answer broke off before it was complete; what came so far is all there is.",
  );
}
