import { undocumented } from './api-document.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Whatever the API answers; tests say what they expect of it.
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the wire
  readonly body: any;
  readonly text: string;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: with the key. */
  readonly key?: string | null;
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** A client that holds every answer against the API document, and against what every answer must have. */
export function apiClient(url: string, localKey: string): Call {
  return async (method, path, { body, raw, headers = {}, key = localKey } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(raw === undefined && body === undefined ? {} : { body: raw ?? JSON.stringify(body) }),
    });
    const text = await response.text();
    const contentType = response.headers.get('content-type');
    const answer = {
      status: response.status,
      headers: response.headers,
      body: contentType?.startsWith('application/json') ? JSON.parse(text) : text || null,
      text,
    };
    const problem = undocumented(method, path, { ...answer, contentType });
    if (problem !== null) throw new Error(`not as documented: ${problem}\n${text.slice(0, 400)}`);
    if (response.headers.get('x-request-id') === null) throw new Error('no X-Request-Id');
    return answer;
  };
}
