import type { Duplex } from 'node:stream';
import type { DurationMs, TimeLimits } from '@wakefield/domain';
import { Roster } from '../roster.ts';
import type { AnswerHandler } from './answer-handler.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Dialer } from './dial.ts';
import { EngineTimeoutError } from './engine-timeout.ts';
import { offerHead, requestHead, UnsendableError } from './request-head.ts';
import { type SessionPatience, UnderWay } from './under-way.ts';

/** uvicorn, below vLLM and SGLang, closes idle connections after 5 s; we have to be first. */
const keepMs = 4000;
/** So much sooner than an engine says that it will close: its last second may be our first. */
const beforeEngineMs = 1000;

/** A POST for an engine, or an offer of WebSocket. */
export interface EngineRequest {
  /** An offer, whose body is empty, and its connection its own: what its session is ended for. null: a POST. */
  readonly offer: SessionPatience | null;
  readonly path: string;
  /** Names and values by turns; none that says how long the body is. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** On a connection of its own: none that its engine may be closing. */
  readonly onNewConnection: boolean;
  readonly limits: TimeLimits;
}

/** A connection that is to come about, for one request. */
interface Dialling {
  readonly since: DurationMs;
  readonly limitMs: DurationMs;
  readonly request: UnderWay;
  giveUp(error: Error): void;
}

/** The connections to one engine: as many as there are requests at a time, and those that were of use just now. */
export class ConnectionPool implements ConnectionOwner {
  readonly underWay = new Roster<UnderWay>();
  readonly #host: string;
  readonly #dialer: Dialer;
  readonly #elapsed: () => DurationMs;
  readonly #connections = new Set<Connection>();
  /** The one that was used last is the last. */
  readonly #idle: Connection[] = [];
  readonly #dials = new Set<Dialling>();
  readonly #onOver = (request: UnderWay): void => {
    this.underWay.delete(request);
    this.#checkEmpty();
  };
  /** What to call once there is nothing left; null: new requests may come. */
  #onEmpty: (() => void) | null = null;

  /** @param host as `hostLines` says */
  constructor(host: string, dialer: Dialer, elapsed: () => DurationMs) {
    this.#host = host;
    this.#dialer = dialer;
    this.#elapsed = elapsed;
  }

  /** Whatever happens is told to the handler. */
  post(
    { offer, path, headers, body, onNewConnection, limits }: EngineRequest,
    handler: AnswerHandler,
  ): void {
    const isOffer = offer !== null;
    let head: string;
    try {
      head = isOffer
        ? offerHead(path, this.#host, headers)
        : requestHead(path, this.#host, headers, body.length);
    } catch (error) {
      if (!(error instanceof UnsendableError)) throw error;
      handler.onError(error);
      return;
    }
    const request = new UnderWay(handler, limits, this.#onOver, offer);
    this.underWay.add(request);
    const connection = onNewConnection || isOffer ? null : this.#takeIdle();
    if (connection === null) this.#dial(request, head, isOffer ? null : body, limits.connectMs);
    else this.#send(connection, request, head, body);
  }

  /** Called every now and then: closes what is idle for too long, gives up what does not connect or brings nothing. */
  sweep(): void {
    const at = this.#elapsed();
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const connection = this.#idle[index];
      if (connection !== undefined && connection.goodUntil <= at) connection.close();
    }
    for (const dialling of this.#dials) {
      if (at - dialling.since >= dialling.limitMs) this.#giveUp(dialling);
    }
    // There may be thousands of engines, and most have nothing to do.
    if (this.underWay.size > 0) this.underWay.each((request) => request.checkTime(at));
  }

  /** No new requests: ends with those it has. */
  retire(onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    for (const connection of [...this.#idle]) connection.close();
    this.#checkEmpty();
  }

  /** At once, whatever is under way; nobody is told. */
  destroy(): void {
    this.#onEmpty ??= () => undefined;
    this.underWay.each((request) => request.abort());
    for (const connection of [...this.#connections]) connection.close();
    for (const dialling of [...this.#dials]) dialling.giveUp(new Error('closing'));
  }

  free(connection: Connection, keepSeconds: number | null): void {
    const saidMs = keepSeconds === null ? keepMs : keepSeconds * 1000 - beforeEngineMs;
    if (this.#onEmpty !== null || saidMs <= 0) {
      connection.close();
      return;
    }
    connection.goodUntil = this.#elapsed() + Math.min(keepMs, saidMs);
    this.#idle.push(connection);
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#checkEmpty();
  }

  /** By the clock, not by the sweep alone: a process that stood still finds its connections closed by the engine. */
  #takeIdle(): Connection | null {
    const at = this.#elapsed();
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (connection.goodUntil > at) return connection;
      connection.close();
    }
  }

  /** @param body null: an offer */
  #dial(request: UnderWay, head: string, body: Buffer | null, limitMs: DurationMs): void {
    const giveUp = this.#dialer({
      connected: (channel) => {
        this.#dials.delete(dialling);
        this.#connected(channel, request, head, body);
      },
      failed: (error) => {
        this.#dials.delete(dialling);
        request.failed(error);
        this.#checkEmpty();
      },
    });
    const dialling: Dialling = { since: this.#elapsed(), limitMs, request, giveUp };
    this.#dials.add(dialling);
  }

  /** Whatever still comes of it: its request goes elsewhere now. */
  #giveUp(dialling: Dialling): void {
    const error = new EngineTimeoutError('connect', dialling.limitMs);
    this.#dials.delete(dialling);
    dialling.giveUp(error);
    dialling.request.failed(error);
    this.#checkEmpty();
  }

  #connected(channel: Duplex, request: UnderWay, head: string, body: Buffer | null): void {
    const connection = new Connection(channel, this);
    this.#connections.add(connection);
    this.#send(connection, request, head, body);
  }

  #send(connection: Connection, request: UnderWay, head: string, body: Buffer | null): void {
    if (request.start()) {
      request.sentOn(connection, this.#elapsed());
      if (body === null) connection.offer(request, head);
      else connection.send(request, head, body);
    } else {
      // Nobody wants it any more. The connection has seen nothing of it.
      this.free(connection, null);
    }
  }

  #checkEmpty(): void {
    if (this.#onEmpty === null) return;
    if (this.underWay.size + this.#connections.size + this.#dials.size > 0) return;
    this.#onEmpty();
  }
}
