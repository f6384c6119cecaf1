import { switchingProtocols } from '../upstream/answer/switching.ts';
import { type AnswerControl, type AnswerHandler, headerOf } from '../upstream/answer-handler.ts';
import { EngineStalledError, EngineTimeoutError } from '../upstream/engine-timeout.ts';
import { JobEndedError } from '../upstream/pools.ts';
import { UnsendableError } from '../upstream/request-head.ts';
import { PlainRelay } from './plain-relay.ts';
import {
  type Head,
  nothingCame,
  type Relay,
  type RelayEnd,
  type RelaySink,
  type Step,
  type Worthless,
} from './relay.ts';
import type { Reply } from './reply.ts';
import { SessionRelay, type SessionSides } from './session/session-relay.ts';
import { StreamRelay } from './stream-relay.ts';
import type { Tally } from './tally.ts';
import type { UsageCut } from './usage-cut.ts';

/**
 * Why an attempt brought nothing; the client has seen nothing of it.
 * - `refused`  no connection came about, or no way: no engine has seen the request
 * - `lost`     the connection broke before an answer (an idle connection that the engine was closing, too)
 * - `cut_off`  the way to it was lost, a tunnel for one: the engine may be well
 * - `broken`   the connection broke behind the head of an answer
 * - `died`     the engine says that its core is gone
 * - `ended`    the engine is being ended
 * - `foreign`  it does not know our key: another engine has got the port
 * - `unsendable`  a header of the client cannot be sent on: nobody is to blame but the request
 * - `usage_refused`  the engine refuses what we asked besides: it is asked again, as the caller did
 */
export type Loss = 'refused' | 'lost' | 'cut_off' | 'foreign' | 'unsendable' | Worthless;

/** Of the media type: its parameters do not matter. */
const eventStream = 'text/event-';
const worthlessWords: Readonly<Record<Worthless, string>> = {
  ended: 'the engine gave the request up',
  died: 'the core of the engine is gone',
  broken: 'the connection broke behind the head of the answer',
  usage_refused: 'the engine does not take stream_options',
};

/** Who made the attempt. After `lost`, `done`, `timedOut`, `stalled` or `crashed` it hears no more. */
export interface AttemptOwner {
  /** An engine has begun to answer. */
  answered(status: number): void;
  lost(loss: Loss, cause: unknown): void;
  done(end: RelayEnd): void;
  /**
   * The engine took too long over it, and has been told to stop: nobody else is asked.
   * @param atBoundary whether what came of the answer so far ends between two events
   */
  timedOut(error: EngineTimeoutError, atBoundary: boolean): void;
  /** The engine takes nothing of a session any more, and has been told to stop. */
  stalled(error: EngineStalledError, atBoundary: boolean): void;
  /** Our own code has failed over it. It was given up. */
  crashed(error: unknown): void;
  /** The engine has no such sessions: nobody else is asked. */
  declined(): void;
  /** Whether another endpoint could be asked instead. */
  hasAlternative(): boolean;
}

/**
 * What servers of ASGI answer to an offer of WebSocket that nobody takes, one for a path that is not there, too (ASGI
 * specification, `websocket.close` before `websocket.accept`): our key is none of its business, vLLM says 401 to that.
 */
const forbidden = 403;

/**
 * One try at one endpoint: no streams, no promises, no copies. Sockets and timers call it, and what they are thrown ends
 * the process: what fails here ends its own request, and no other one.
 */
export class Attempt implements AnswerHandler, RelaySink {
  readonly #reply: Reply;
  readonly #requestId: string;
  readonly #owner: AttemptOwner;
  readonly #cut: UsageCut | null;
  /** null: it is no session that is asked for. */
  readonly #session: SessionSides | null;
  /** From when there is a connection. */
  #control: AnswerControl | null = null;
  #relay: Relay | null = null;
  #over = false;
  /** Why its connection broke, where that says nothing of the engine. */
  #excuse: 'ended' | 'cut_off' | 'refused' | null = null;

  /** @param cut where we have asked for the usage of a stream: takes it out again */
  constructor(
    reply: Reply,
    requestId: string,
    owner: AttemptOwner,
    cut: UsageCut | null,
    session: SessionSides | null = null,
  ) {
    this.#session = session;
    this.#reply = reply;
    this.#requestId = requestId;
    this.#owner = owner;
    this.#cut = cut;
  }

  /** The client is gone or no longer interested: closing the connection is how engines are told to stop. */
  cancel(): void {
    this.#over = true;
    this.#relay?.cancel();
    this.#control?.abort();
  }

  /** Whether the bytes of its request are held by nobody here any more. */
  get isTaken(): boolean {
    return this.#control?.isTaken ?? false;
  }

  /** Whether what came of the answer so far ends between two events. */
  get atBoundary(): boolean {
    return this.#relay?.atBoundary ?? false;
  }

  /**
   * The client has gone. Where all was said that is its right.
   * @returns whether it was so: the owner was told of the end
   */
  leave(): boolean {
    if (this.#over || this.#relay?.isSaid !== true) return false;
    this.#control?.abort();
    this.#relay.end();
    return true;
  }

  /** How far its answer has come. */
  tell(tally: Pick<Tally, 'come' | 'usage'> | null): void {
    if (tally === null) return;
    tally.come = this.#relay?.come ?? nothingCame;
    tally.usage = this.#relay?.told ?? null;
  }

  onStart(control: AnswerControl): void {
    this.#control = control;
    if (this.#over) control.abort();
  }

  onHead(status: number, headers: readonly string[]): void {
    if (this.#over) return;
    try {
      this.#begin(status, headers);
    } catch (error) {
      this.#crash(error);
    }
  }

  onData(piece: Buffer): void {
    if (this.#over || this.#relay === null) return;
    try {
      this.#heed(this.#relay.data(piece));
    } catch (error) {
      this.#crash(error);
    }
  }

  onDrained(): void {
    if (!this.#over) this.#relay?.drained();
  }

  onEnd(): void {
    if (this.#over) return;
    try {
      this.#relay?.end();
    } catch (error) {
      this.#crash(error);
    }
  }

  onError(error: Error): void {
    if (this.#over) return;
    try {
      this.#break(error);
    } catch (thrown) {
      this.#crash(thrown);
    }
  }

  later(step: () => Step): void {
    if (this.#over) return;
    try {
      this.#heed(step());
    } catch (error) {
      this.#crash(error);
    }
  }

  worthless(why: Worthless): void {
    this.#lose(this.#excuse ?? why, new Error(worthlessWords[why]));
  }

  relayed(end: RelayEnd): void {
    this.#over = true;
    this.#owner.done(end);
  }

  #begin(status: number, headers: readonly string[]): void {
    if (this.#session !== null && status === forbidden) {
      this.#over = true;
      this.#control?.abort();
      this.#owner.answered(status);
      this.#owner.declined();
      return;
    }
    const foreign = isNotOurs(status);
    if (foreign || (isGivingUp(status) && this.#owner.hasAlternative())) {
      this.#control?.abort();
      this.#lose(foreign ? 'foreign' : 'ended', new Error(`the engine answered ${status}`));
      return;
    }
    this.#owner.answered(status);
    const head = { status, headers, requestId: this.#requestId };
    if (status === switchingProtocols) {
      this.#open(head);
      return;
    }
    const isStream = status === 200 && headerOf(headers, 'content-type')?.startsWith(eventStream);
    this.#relay =
      isStream === true
        ? new StreamRelay(this.#reply, head, this, this.#cut)
        : new PlainRelay(this.#reply, head, this, this.#cut !== null);
  }

  #heed(step: Step): void {
    if (step === 'over') this.#control?.abort();
    else if (step === 'full') {
      this.#control?.pause();
      this.#reply.onceDrained(() => this.#control?.resume());
    }
  }

  #break(error: Error): void {
    this.#excuse = excuseOf(error);
    if (error instanceof EngineTimeoutError && error.limit !== 'connect') this.#timeOut(error);
    else if (error instanceof EngineStalledError) this.#timeOut(error);
    else if (this.#relay !== null) this.#relay.broken();
    else this.#lose(this.#lossOf(error), error);
  }

  #crash(error: unknown): void {
    this.cancel();
    this.#owner.crashed(error);
  }

  #open(head: Head): void {
    if (this.#control === null || this.#session === null) return;
    const { client, traffic } = this.#session;
    this.#relay = new SessionRelay(this.#reply, head, this, this.#control, client, traffic);
  }

  #lossOf(error: Error): Loss {
    if (this.#control !== null) return this.#excuse ?? 'lost';
    if (this.#excuse === 'ended') return 'ended';
    return error instanceof UnsendableError ? 'unsendable' : 'refused';
  }

  #timeOut(error: EngineTimeoutError | EngineStalledError): void {
    const { atBoundary } = this;
    this.#over = true;
    this.#relay?.cancel();
    if (error instanceof EngineStalledError) this.#owner.stalled(error, atBoundary);
    else this.#owner.timedOut(error, atBoundary);
  }

  #lose(loss: Loss, cause: unknown): void {
    this.#over = true;
    this.#owner.lost(loss, cause);
  }
}

/**
 * A job that ended under it, or a transport that was lost (packages/cluster/src/transport/channel-socket.ts) or that has
 * not sent it (packages/cluster/src/heappe/bridge/bridge-transport.ts).
 */
function excuseOf(error: Error): 'ended' | 'cut_off' | 'refused' | null {
  if (error instanceof JobEndedError) return 'ended';
  if (!('code' in error)) return null;
  if (error.code === 'NEVER_SENT') return 'refused';
  return error.code === 'WAY_LOST' ? 'cut_off' : null;
}

/** Our key opens our engines: whoever refuses it sits on a reused port. */
function isNotOurs(status: number): boolean {
  return status === 401 || status === 403;
}

function isGivingUp(status: number): boolean {
  return status === 502 || status === 503;
}
