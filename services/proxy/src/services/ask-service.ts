import { request as ask, type IncomingMessage } from 'node:http';
import { AppError } from '@wakefield/domain';
import { connectionOf, serviceAway } from './connect.ts';
import type { ReadyService } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import { hostOf, keyHeaders } from './service-headers.ts';

/** A whole answer of a service. */
export interface ServiceAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface ServiceQuestion {
  readonly path: string;
  /** JSON, by POST; null: GET. */
  readonly body: object | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Its caller has left. */
  readonly signal: AbortSignal;
}

/** What a model says in one answer is far less. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Asks a service for something that is small enough to be kept.
 * @throws AppError where it gave no whole answer
 */
export async function askService(
  parts: ServiceParts,
  ready: ReadyService,
  { path, body, headers, signal }: ServiceQuestion,
): Promise<ServiceAnswer> {
  const text = body === null ? null : Buffer.from(JSON.stringify(body));
  const framing =
    text === null ? {} : { 'content-type': 'application/json', 'content-length': text.length };
  const attempt = ask({
    ...connectionOf(parts, ready),
    method: text === null ? 'GET' : 'POST',
    path,
    headers: {
      ...{ host: hostOf(ready.endpoint.address), accept: 'application/json' },
      ...headers,
      ...framing,
      ...keyHeaders(ready),
    },
    signal,
  });
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      attempt.once('response', resolve).on('error', reject).end(text);
      attempt.once('close', () => reject(new Error('the service closed its connection')));
    });
    return {
      status: answer.statusCode ?? 502,
      contentType: answer.headers['content-type'] ?? 'application/json',
      body: await wholeOf(answer),
    };
  } catch (error) {
    throw error instanceof AppError ? error : serviceAway(error as Error);
  } finally {
    attempt.destroy();
  }
}

async function wholeOf(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > mostBytes) throw new AppError('upstream_error', 'The service answers without end.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
