import { randomUUID } from 'node:crypto';
import { Client, type Dispatcher, request } from 'undici';
import type { Wakefield } from '../wakefield.ts';
import { afterLine, ofBody, outcomeOf, type Reading, unread } from './outcome.ts';

/** Whom to ask. */
export type Target = Pick<Wakefield, 'url' | 'key'>;

/** One chat; engines are told to go on until so many tokens. */
export interface Question {
  readonly model: string;
  readonly tokens: number;
  readonly stream?: boolean;
  /** When it was to be sent, epoch milliseconds; now, if it is left out. */
  readonly dueAt?: number;
  /** Told of every line of a stream as it comes. */
  readonly onLine?: (line: string) => void;
  /** Gives up on it. */
  readonly signal?: AbortSignal;
  /** Whose connections it uses; those of this process, if it is left out. */
  readonly dispatcher?: Dispatcher;
}

/** A request as its client saw it; times in epoch milliseconds. */
export interface RequestRecord {
  /** Sent as `x-request-id`; the proxies write it down. */
  readonly id: string;
  /** A chat, or a question to the management API, or a change through it. */
  readonly way: 'plain' | 'stream' | 'look' | 'change';
  readonly model: string;
  readonly dueAt: number;
  /** First token of a stream, the end of anything else; null: none came. */
  readonly answeredAt: number | null;
  readonly endedAt: number;
  /** 0: no answer came. */
  readonly status: number;
  readonly tokens: number;
  /** Every byte came, and the end as the protocol says it. */
  readonly whole: boolean;
  /** null: it is whole. */
  readonly error: string | null;
}

/** The engines' own `ignore_eos` beside OpenAI's fields: go on until max_tokens. */
export function chatBody(model: string, tokens: number, stream: boolean) {
  return {
    model,
    messages: [{ role: 'user' as const, content: 'Good morning!' }],
    ignore_eos: true,
    max_tokens: tokens,
    stream,
  };
}

/** What came of an answer so far. */
interface Progress {
  status: number;
  answeredAt: number | null;
  reading: Reading;
}

/** Never rejects. */
export async function ask(target: Target, question: Question): Promise<RequestRecord> {
  const { model, tokens, stream = false, dueAt = Date.now() } = question;
  const id = randomUUID();
  const progress: Progress = { status: 0, answeredAt: null, reading: unread };
  const broke = await send(target, question, id, progress).then(() => null, wordsOf);
  const { status, answeredAt, reading } = progress;
  const { whole, error } = outcomeOf(status, reading, tokens);
  return {
    id,
    way: stream ? 'stream' : 'plain',
    model,
    dueAt,
    answeredAt,
    endedAt: Date.now(),
    status,
    tokens: reading.tokens,
    whole: whole && broke === null,
    error: reading.error ?? broke ?? error,
  };
}

/** How a chat went, without its times. */
export type ChatResult = Pick<RequestRecord, 'status' | 'tokens' | 'whole' | 'error'>;

/** One chat; never rejects. */
export async function chat(
  target: Target,
  model: string,
  options: Omit<Question, 'model'>,
): Promise<ChatResult> {
  const { status, tokens, whole, error } = await ask(target, { ...options, model });
  return { status, tokens, whole, error };
}

/** One chat over a connection of its own, so that the kernel picks the proxy anew; never rejects. */
export async function chatAnew(
  target: Target,
  model: string,
  tokens: number,
  more: Pick<Question, 'stream' | 'onLine' | 'signal'> = {},
): Promise<ChatResult> {
  const dispatcher = new Client(target.url);
  try {
    return await chat(target, model, { ...more, tokens, dispatcher });
  } finally {
    await dispatcher.destroy();
  }
}

/** What a client of HTTP says of a connection that broke. */
export function wordsOf(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: Error };
  return `${message} ${cause?.message ?? ''}`.trim();
}

async function send(
  { url, key }: Target,
  { model, tokens, stream = false, onLine = () => undefined, signal, dispatcher }: Question,
  id: string,
  progress: Progress,
): Promise<void> {
  const { statusCode, headers, body } = await request(`${url}/p/demo/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-request-id': id,
    },
    body: JSON.stringify(chatBody(model, tokens, stream)),
    ...(signal === undefined ? {} : { signal }),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  progress.status = statusCode;
  if (!String(headers['content-type']).startsWith('text/event-stream')) {
    const text = await body.text();
    progress.answeredAt = Date.now();
    progress.reading = ofBody(text);
    return;
  }
  for await (const line of linesOf(body)) {
    // Comments come while it is held.
    if (line.startsWith('data: ')) progress.answeredAt ??= Date.now();
    onLine(line);
    progress.reading = afterLine(progress.reading, line);
  }
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of body) {
    const lines = `${rest}${decoder.decode(part, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}
