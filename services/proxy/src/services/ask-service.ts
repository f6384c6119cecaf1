import { request as ask, type ClientRequest, type IncomingMessage } from 'node:http';
import { AppError, type TimeLimits } from '@wakefield/domain';
import { authorityOf } from '@wakefield/runtime';
import { refusals } from '../inference/refusals.ts';
import { EngineTimeoutError } from '../upstream/engine-timeout.ts';
import { connectionOf, serviceAway } from './connect.ts';
import type { ReadyService } from './find-service.ts';
import type { KeptBytes } from './kept-bytes.ts';
import type { ServiceParts } from './parts.ts';
import { keyHeaders } from './service-headers.ts';

/** A whole answer of a service. Nothing that it says of itself is told to anybody. */
export interface ServiceAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** Something that we ask a service for, and not a client. */
export interface ServiceQuestion {
  readonly path: string;
  /** JSON, by POST; null: GET. */
  readonly body: object | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Its caller has left, or waited for long enough: then the reason is what to tell. */
  readonly signal: AbortSignal;
  /** Its answer is part of it. */
  readonly kept: KeptBytes;
}

/** What a model says in one answer is far less. It is read in one go, and holds up everybody as long as that takes. */
const mostBytes = 1024 * 1024;

/**
 * Asks a service for something that is small enough to be kept.
 * @throws AppError where it gave no whole answer, or not in time
 */
export async function askService(
  parts: ServiceParts,
  ready: ReadyService,
  { path, body, headers, signal, kept }: ServiceQuestion,
): Promise<ServiceAnswer> {
  const text = body === null ? null : Buffer.from(JSON.stringify(body));
  const framing =
    text === null ? {} : { 'content-type': 'application/json', 'content-length': text.length };
  const attempt = ask({
    ...connectionOf(parts, ready),
    method: text === null ? 'GET' : 'POST',
    path,
    headers: {
      ...{ host: authorityOf(ready.endpoint.address), accept: 'application/json' },
      ...headers,
      ...framing,
      ...keyHeaders(ready),
    },
    signal,
  });
  const patience = new Patience(attempt, parts.limits.times);
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      attempt.once('socket', () => patience.allow('first_byte'));
      attempt.once('response', resolve).on('error', reject).end(text);
      attempt.once('close', () => reject(new Error('the service closed its connection')));
    });
    return { status: answer.statusCode ?? 502, body: await wholeOf(answer, kept, patience) };
  } catch (error) {
    if (signal.reason instanceof AppError) throw signal.reason;
    throw error instanceof AppError ? error : serviceAway(patience.over ?? (error as Error));
  } finally {
    patience.end();
    attempt.destroy();
  }
}

async function wholeOf(
  answer: IncomingMessage,
  kept: KeptBytes,
  patience: Patience,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  patience.allow('between_bytes');
  for await (const piece of answer as AsyncIterable<Buffer>) {
    patience.allow('between_bytes');
    size += piece.length;
    if (size > mostBytes) {
      throw new AppError(
        'upstream_error',
        `The service answers with more than ${mostBytes} bytes.`,
      );
    }
    if (!kept.take(piece.length)) throw refusals.noRoomForBody();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** How long an engine may take for what comes next. */
class Patience {
  /** Which time is over; null: none. What breaks off then says something else. */
  over: EngineTimeoutError | null = null;
  readonly #attempt: ClientRequest;
  readonly #times: TimeLimits;
  #timer: NodeJS.Timeout | undefined;

  constructor(attempt: ClientRequest, times: TimeLimits) {
    this.#attempt = attempt;
    this.#times = times;
  }

  allow(limit: 'first_byte' | 'between_bytes'): void {
    this.end();
    const { firstByteMs, betweenBytesMs } = this.#times;
    const ms = limit === 'first_byte' ? firstByteMs : betweenBytesMs;
    if (!Number.isFinite(ms)) return;
    this.#timer = setTimeout(() => {
      this.over = new EngineTimeoutError(limit, ms);
      this.#attempt.destroy(this.over);
    }, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
