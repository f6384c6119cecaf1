import { Agent, request } from 'undici';
import { failureOf, HeappeError, readProblem } from './failures.ts';
import { sentOnce } from './read-once.ts';

/** One HTTP call, whole. */
export interface HeappeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base, e.g. `JobManagement/CreateJob`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Until the answer is complete; null: as long as it takes (a stream). */
  readonly timeoutMs: number | null;
}

export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** An answer of status 200 whose body is still to come. The caller reads or destroys it. */
export interface OpenAnswer {
  readonly contentType: string;
  readonly body: AsyncIterable<Buffer> & {
    destroy(error?: Error): unknown;
    on(event: 'error', listener: (error: Error) => void): unknown;
  };
}

/** The bare wire: no sign-in, no retry. All errors are HeappeErrors. */
export interface Exchange {
  /** The text of an answer of status 200 or 204. */
  text(action: string, call: HeappeRequest, signal: AbortSignal): Promise<string>;
  /** Bytes as they come. Aborting the signal ends the connection, before and after the headers. */
  open(action: string, call: HeappeRequest, signal: AbortSignal): Promise<OpenAnswer>;
  close(): Promise<void>;
}

export interface ExchangeOptions {
  /** Everything before `/heappe/…`, or with it. */
  readonly url: string;
  readonly connectTimeoutMs: number;
  /** PEM of the authorities to trust; null: those of Node. */
  readonly ca: string | null;
  /** Called before each call, with its path. */
  readonly onRoundTrip?: ((path: string) => void) | undefined;
}

/** Lists have no pages: a listing of some ten thousand jobs. More is an error, not a short list. */
const LONGEST_ANSWER = 64 << 20;

export function createExchange(options: ExchangeOptions): Exchange {
  const agent = new Agent({
    connect: {
      timeout: options.connectTimeoutMs,
      ...(options.ca === null ? {} : { ca: options.ca }),
    },
    allowH2: false,
    // Kestrel closes idle connections after 130 s; load balancers before it after 60 s. We are first.
    keepAliveTimeout: 20_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const base = baseOf(options.url);

  function dial(call: HeappeRequest, signal: AbortSignal) {
    options.onRoundTrip?.(call.path);
    const sent = call.body === undefined ? null : sentOnce(call.body);
    return request(`${base}/${call.path}${queryOf(call.query ?? {})}`, {
      dispatcher: agent,
      method: call.method,
      headers: {
        accept: 'application/json',
        ...(typeof call.body === 'string' ? { 'content-type': 'application/json' } : {}),
        ...call.headers,
        ...sent?.headers,
      },
      ...(sent === null ? {} : { body: sent.body as Buffer }),
      signal,
    });
  }

  async function send(action: string, call: HeappeRequest, signal: AbortSignal) {
    const bounded =
      call.timeoutMs === null
        ? signal
        : AbortSignal.any([signal, AbortSignal.timeout(call.timeoutMs)]);
    try {
      bounded.throwIfAborted();
      const answer = await dial(call, bounded).catch((error: unknown) => {
        if (call.method === 'GET' && isBrokenConnection(error)) return dial(call, bounded);
        throw error;
      });
      if (answer.statusCode === 200 || answer.statusCode === 204) return answer;
      const body = await bodyText(answer.body);
      throw failureOf(action, readProblem(answer.statusCode, body));
    } catch (error) {
      throw asSilence(action, error);
    }
  }

  return {
    async text(action, call, signal) {
      const { body } = await send(action, call, signal);
      try {
        return await bodyText(body);
      } catch (error) {
        throw asSilence(action, error);
      }
    },
    async open(action, call, signal) {
      const { headers, body } = await send(action, call, signal);
      const contentType = headers['content-type'];
      return { contentType: typeof contentType === 'string' ? contentType : '', body };
    },
    async close() {
      await agent.destroy();
    },
  };
}

/** HEAppE or a proxy closed an idle connection when we used it. Looking twice does no harm. */
function isBrokenConnection(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

async function bodyText(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LONGEST_ANSWER) {
      body.destroy();
      throw new Error(`the answer is longer than ${LONGEST_ANSWER} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whatever went wrong on the way: nobody knows whether the call worked. */
function asSilence(action: string, error: unknown): HeappeError {
  if (error instanceof HeappeError) return error;
  const { name, message, code } = error as Error & { code?: string };
  const words =
    name === 'TimeoutError'
      ? 'no answer in time'
      : name === 'AbortError'
        ? 'given up'
        : (code ?? message);
  return new HeappeError('unreachable', `${action}: ${words}`, {}, error);
}

/** `https://host/lexis` and `https://host/lexis/heappe/` mean the same instance. */
function baseOf(url: string): string {
  const bare = url.replace(/\/+$/, '');
  return /\/heappe$/i.test(bare) ? bare : `${bare}/heappe`;
}

function queryOf(query: Readonly<Record<string, QueryValue>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
