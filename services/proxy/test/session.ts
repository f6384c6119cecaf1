import type { IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { auth } from './harness.ts';

export type Event = Readonly<Record<string, unknown>>;

/** A realtime session as a client has it, and the engine's events in order. */
export interface Session {
  readonly client: WebSocket;
  say(event: object): void;
  next(): Promise<Event>;
  /** Resolves when it is over. @returns code and reason */
  closed(): Promise<[number, string]>;
}

export interface SessionOptions extends ClientOptions {
  readonly subprotocols?: readonly string[];
}

/** An offer that was refused. */
export class RefusedError extends Error {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;

  constructor({ statusCode = 0, headers }: IncomingMessage, body: string) {
    super(`refused: ${statusCode}`);
    this.status = statusCode;
    this.headers = headers;
    this.body = body;
  }
}

/** @throws RefusedError */
export async function openSession(url: string, options: SessionOptions = {}): Promise<Session> {
  const { subprotocols = [], ...rest } = options;
  const client = new WebSocket(url, [...subprotocols], { headers: auth, ...rest });
  const events: Event[] = [];
  let heard = Promise.withResolvers<void>();
  client.on('message', (data, isBinary) => {
    if (isBinary) return;
    events.push(JSON.parse(String(data)) as Event);
    heard.resolve();
  });
  const closed = new Promise<[number, string]>((resolve) => {
    client.once('close', (code, reason) => resolve([code, reason.toString()]));
  });
  await opened(client);
  client.on('error', () => undefined);
  return {
    client,
    say: (event) => client.send(JSON.stringify(event)),
    next: async () => {
      while (events.length === 0) {
        await heard.promise;
        heard = Promise.withResolvers<void>();
      }
      return events.shift() ?? {};
    },
    closed: () => closed,
  };
}

function opened(client: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('open', resolve);
    client.once('error', reject);
    client.once('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (bytes) => {
        body += String(bytes);
      });
      response.once('end', () => reject(new RefusedError(response, body)));
    });
  });
}

/** So many tokens of silence, as the simulator counts them. */
export const audio = (tokens: number) => Buffer.alloc(tokens * 2560).toString('base64');

/** One utterance of so many tokens, and what the engine makes of it. */
export async function speak(
  { say, next }: Session,
  model: string,
  tokens: number,
): Promise<{ readonly deltas: readonly unknown[]; readonly done: Event }> {
  say({ type: 'session.update', model });
  say({ type: 'input_audio_buffer.commit' });
  say({ type: 'input_audio_buffer.append', audio: audio(tokens) });
  say({ type: 'input_audio_buffer.commit', final: true });
  const deltas: unknown[] = [];
  for (let event = await next(); ; event = await next()) {
    if (event.type !== 'transcription.delta') return { deltas, done: event };
    deltas.push(event.delta);
  }
}
