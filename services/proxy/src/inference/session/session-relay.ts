import { AppError } from '@wakefield/domain';
import { switchingProtocols } from '../../upstream/answer/switching.ts';
import type { AnswerControl } from '../../upstream/answer-handler.ts';
import { clientHeaders } from '../headers.ts';
import type { Come, Head, Relay, RelayEnd, RelaySink, Step } from '../relay.ts';
import type { Reply } from '../reply.ts';
import type { Usage } from '../usage.ts';
import type { ClientSession } from './client-session.ts';
import { FrameReader } from './frame-reader.ts';
import { SessionMeter } from './session-meter.ts';

/** How much has passed: bytes, as they are on the wire. */
export interface Traffic {
  passed(direction: 'up' | 'down', bytes: number): void;
}

/** What a session needs besides its engine. */
export interface SessionSides {
  readonly client: ClientSession;
  readonly traffic: Traffic;
}

/**
 * A session after its engine has taken the offer: bytes pass both ways as they come, and whoever reads slowly holds the
 * other side up. Only the engine's frames are looked at, for its usage and for where it can be spoken for.
 */
export class SessionRelay implements Relay {
  readonly #reply: Reply;
  readonly #sink: RelaySink;
  readonly #client: ClientSession;
  readonly #traffic: Traffic;
  readonly #meter = new SessionMeter();
  readonly #frames = new FrameReader(this.#meter);
  #pieces = 0;
  /** The client has said its last: that its engine ends then is no failure. */
  #hasLeft = false;

  constructor(
    reply: Reply,
    head: Head,
    sink: RelaySink,
    control: AnswerControl,
    client: ClientSession,
    traffic: Traffic,
  ) {
    this.#reply = reply;
    this.#sink = sink;
    this.#client = client;
    this.#traffic = traffic;
    const headers = clientHeaders(head.headers, head.requestId);
    reply.head(switchingProtocols, headers);
    client.read({
      piece: (bytes) => {
        sink.later(() => {
          traffic.passed('up', bytes.length);
          if (!control.write(bytes)) client.pause();
          return 'more';
        });
      },
      end: () => {
        this.#hasLeft = true;
        control.finish();
      },
      lost: () => undefined,
    });
  }

  data(piece: Buffer): Step {
    this.#pieces += 1;
    this.#traffic.passed('down', piece.length);
    this.#frames.read(piece);
    return this.#reply.write(piece) ? 'more' : 'full';
  }

  /** The engine takes more. */
  drained(): void {
    this.#client.resume();
  }

  end(): void {
    if (!this.isSaid) {
      this.broken();
      return;
    }
    this.#reply.end();
    this.#over('complete');
  }

  broken(): void {
    if (this.#hasLeft && !this.isSaid) {
      this.#reply.cutOff();
      return;
    }
    if (this.isSaid) this.#reply.end();
    else if (this.atBoundary) this.#reply.event(engineGone());
    else this.#reply.cutOff();
    this.#over(this.isSaid ? 'complete' : 'cut');
  }

  cancel(): void {
    // What still comes of the client goes nowhere.
    this.#client.read({ piece: nothing, end: nothing, lost: nothing });
    this.#client.resume();
  }

  get atBoundary(): boolean {
    return this.#frames.atBoundary && !this.isSaid;
  }

  get isSaid(): boolean {
    return this.#frames.hasClosed;
  }

  get told(): Usage | null {
    return this.#meter.usage;
  }

  get come(): Come {
    return { chunks: this.#meter.deltas, bytes: 0 };
  }

  #over(outcome: RelayEnd['outcome']): void {
    this.cancel();
    this.#sink.relayed({ outcome, usage: this.told, pieces: this.#pieces });
  }
}

function nothing(): void {
  // Nobody is there to take it.
}

function engineGone(): AppError {
  return new AppError('upstream_error', 'The engine ended the session without a word.');
}
