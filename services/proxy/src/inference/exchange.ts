import {
  type AppError,
  type DurationMs,
  type Endpoint,
  type Route,
  type TimeLimits,
  timeLimits,
} from '@wakefield/domain';
import type { Ticket } from '../limits/limits.ts';
import { askForUsage, type Splice } from './ask-usage.ts';
import { type InferenceCall, isStreamed } from './call.ts';
import type { CountedTokens } from './count-tokens.ts';
import type { ExchangeView } from './exchange-view.ts';
import { askedTimeoutMs, rawHeader } from './headers.ts';
import { scanBody } from './model-name.ts';
import type { InferenceParts } from './parts.ts';
import { readBody } from './read-body.ts';
import { ExchangeRecord } from './record.ts';
import { refusals } from './refusals.ts';
import { Reply } from './reply.ts';
import { RequestBody } from './request-body.ts';
import type { Asked } from './run-lengths.ts';
import type { SessionSides } from './session/session-relay.ts';
import type { ExchangeOutcome } from './tally.ts';
import { enter, leave } from './toll.ts';
import { Tries } from './tries.ts';
import { Wait } from './wait.ts';

/** SDKs repeat a 5xx twice by themselves, and each time would cost as many engines again. */
const doNotRepeat = { 'x-should-retry': 'false' } as const;

/**
 * One inference request from its first byte to its last: read, find the route, hold until there is an endpoint,
 * forward, and tell what became of it. Everything it needs is in memory.
 */
export class Exchange implements ExchangeView {
  readonly parts: InferenceParts;
  readonly call: InferenceCall;
  readonly reply: Reply;
  readonly record: ExchangeRecord;
  readonly requestBody: RequestBody;
  /** For the roster of those that are not over. */
  rosterIndex = -1;
  readonly session: SessionSides | null;
  readonly #tries: Tries;
  /** From the first time that it has to wait. */
  #wait: Wait | null = null;
  /** What it has to give back to the limits; undefined: it was not counted in yet. */
  #ticket: Ticket | null | undefined;
  model = '';
  promptFrom = 0;
  promptTo = 0;
  #asked: Asked = { streamed: false, maxTokens: null };
  #splice: Splice | null = null;
  /** Of its model, once its route is known; until then those of the configuration. */
  #limits: TimeLimits;
  #limitsKnown = false;
  #caughtUp = false;
  /** Whether the store has answered then. */
  #isCurrent = false;
  #over = false;

  constructor(
    parts: InferenceParts,
    call: InferenceCall,
    caller: string | null,
    onOver: (exchange: Exchange) => void,
  ) {
    this.parts = parts;
    this.call = call;
    this.requestBody = new RequestBody(parts.bodies.shareOf(call.project));
    const begun = () => this.requestBody.drop(this.#tries.isTaken);
    this.reply = new Reply(call.client, call.requestId, begun);
    this.record = new ExchangeRecord(parts, call, caller, true);
    this.session = call.session === null ? null : { client: call.session, traffic: this.record };
    this.#tries = new Tries(this);
    this.#limits = parts.limits.times;
    call.client.onceClosed(() => {
      if (!this.#over) this.#clientLeft();
      onOver(this);
    });
  }

  begin(): void {
    const { client, project } = this.call;
    if (this.call.session !== null) {
      this.#open();
      return;
    }
    const { bodies, limits } = this.parts;
    const share = bodies.shareOf(project);
    readBody(client, limits.body, share, (result) => this.#read(result));
  }

  /** Ends what has not ended by itself; the process goes away. */
  shutDown(): void {
    if (!this.#over) this.#end(refusals.shuttingDown());
  }

  /** Called every now and then: ends what has taken too long. */
  checkTime(at: DurationMs): void {
    const { totalMs } = this.#limits;
    if (this.#over || at - this.call.startedAt < totalMs) return;
    this.record.timedOut('total');
    this.#end(refusals.tookTooLong(totalMs));
  }

  get limits(): TimeLimits {
    return this.#limits;
  }

  get nobody(): AppError {
    return this.#tries.nobody;
  }

  get asked(): Asked {
    return this.#asked;
  }

  get body(): Buffer {
    return this.requestBody.bytes;
  }

  header(name: string): string | undefined {
    return rawHeader(this.call.client.rawHeaders, name);
  }

  get splice(): Splice | null {
    return this.#splice;
  }

  route(): Route | null {
    return this.parts.routes()?.find(this.call.project, this.model) ?? null;
  }

  /** Decides with the newest table, at first and whenever something has changed. */
  proceed(): void {
    if (this.#over) return;
    const route = this.route();
    if (route === null && !this.#caughtUp) {
      this.#caughtUp = true;
      void this.parts.catchUp().then((isCurrent) => {
        this.#isCurrent = isCurrent;
        this.proceed();
      });
      return;
    }
    if (route === null || isFailed(route)) {
      this.#wait?.leave('refused');
      if (route === null) this.refuse(this.#unknown());
      else this.refuse(refusals.modelFailed(route));
      return;
    }
    this.#learnLimits(route);
    if (!this.#isCountedIn(route)) return;
    const endpoint = this.#tries.choose(route);
    const waitsFor = endpoint === null ? 'model' : this.#mustWait(route, endpoint) ? 'place' : null;
    if (endpoint !== null && waitsFor === null) {
      this.#wait?.leave('served');
      this.#tries.send(route, endpoint);
    } else if (waitsFor !== null) {
      this.#wait ??= new Wait(this, this.body.length);
      this.#wait.stay(route, waitsFor);
    }
  }

  refuse(error: AppError): void {
    this.reply.fail(error, this.#tries.mayBeDeadly ? doNotRepeat : {});
    this.finish('refused', error);
  }

  breakOff(error: AppError, atBoundary: boolean): void {
    if (this.reply.firstByteAt === null) this.refuse(error);
    else {
      if (atBoundary) this.reply.event(error);
      else this.reply.cutOff();
      this.finish('cut', error);
    }
  }

  finish(outcome: ExchangeOutcome, error?: AppError): void {
    if (this.#over) return;
    this.#over = true;
    let tokens: CountedTokens | undefined;
    try {
      this.requestBody.drop(false);
      tokens = this.record.finish(outcome, this.reply, error);
    } finally {
      // Whatever becomes of its line in the log: else the caller would have a place less for ever.
      leave(this, this.#ticket ?? null, tokens);
    }
  }

  #unknown(): AppError {
    if (!this.#isCurrent) return refusals.notKnownNow('model', this.model);
    return refusals.modelNotFound(this.call.project, this.model);
  }

  /** Whatever it is at. */
  #end(error: AppError): void {
    const { atBoundary } = this.#tries;
    this.#tries.cancel();
    this.#wait?.leave('refused');
    this.breakOff(error, atBoundary);
  }

  #learnLimits({ timeouts }: Route): void {
    if (this.#limitsKnown) return;
    this.#limitsKnown = true;
    const asked = askedTimeoutMs(this.call.client.header('x-request-timeout'));
    this.#limits = timeLimits(this.parts.limits.times, timeouts, asked);
  }

  /** One that was sent before has had its turn. */
  #mustWait(route: Route, endpoint: Endpoint): boolean {
    const { tried } = this.#tries;
    const hadTurn = this.requestBody.wasSent || this.#wait?.isForPlace === true;
    return this.parts.places.mustWait(route, endpoint, tried, hadTurn);
  }

  /** Whether limits let it in, which is asked once. */
  #isCountedIn(route: Route): boolean {
    if (this.#ticket !== undefined) return true;
    const { rateLimits } = this.parts;
    const ticket = rateLimits.appliesTo(route) ? enter(this, route, this.body.length) : null;
    if (ticket === false) return false;
    this.#ticket = ticket;
    return true;
  }

  #read(result: Buffer | AppError): void {
    if (Buffer.isBuffer(result)) this.requestBody.arrived(result);
    if (this.#over) this.requestBody.drop(false);
    else if (Buffer.isBuffer(result)) this.#scan(result);
    else this.refuse(result);
  }

  #scan(result: Buffer): void {
    const scan = scanBody(result);
    if (!scan.valid) this.refuse(refusals.brokenJson());
    else if (scan.model === null || scan.model === '') this.refuse(refusals.modelMissing());
    else {
      this.model = scan.model;
      this.promptFrom = scan.promptFrom;
      this.promptTo = scan.promptTo;
      const streamed = isStreamed(this.call.operation, scan.stream);
      this.#asked = { streamed, maxTokens: scan.maxTokens };
      if (streamed) {
        const ask = askForUsage(result, scan.streamOptions);
        this.#splice = typeof ask === 'string' ? null : ask;
      }
      this.record.asked(scan.model, streamed, result.length);
      this.proceed();
    }
  }

  /** A session has no body: its model stands in the query, as OpenAI's clients write it. */
  #open(): void {
    const model = queryOf(this.call.path).get('model') ?? '';
    if (model === '') {
      this.refuse(refusals.sessionModelMissing());
      return;
    }
    this.model = model;
    this.#asked = { streamed: true, maxTokens: null };
    this.record.asked(model, true, 0);
    this.proceed();
  }

  #clientLeft(): void {
    if (this.#tries.leave()) return;
    this.#tries.cancel();
    this.#wait?.leave('left');
    this.finish('client_left');
  }
}

function queryOf(path: string): URLSearchParams {
  const mark = path.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : path.slice(mark));
}

function isFailed(route: Route): boolean {
  return route.state === 'failed' && route.endpoints.length === 0;
}
