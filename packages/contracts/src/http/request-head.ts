import { AppError } from '@wakefield/domain';

/** The head of a request as Node's parser let it through. */
export interface RequestHead {
  readonly httpVersion: string;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
}

/** A refusal with the status of HTTP for it, which is finer than that of its code. */
export interface HeadRefusal {
  readonly error: AppError;
  readonly status: number;
}

/**
 * Headers that are meant for every recipient, and that we or those behind us act upon: `Connection` has no say in
 * them (RFC 9110 §7.6.1). Without a length or an encoding, a body is taken for the next request.
 */
const endToEnd =
  /^(content-.*|transfer-encoding|host|expect|authorization|cookie|origin|sec-.*|forwarded|x-forwarded-.*|x-request-id|trace(parent|state)|idempotency-key)$/;

const rules: ReadonlyMap<string, (values: readonly string[], head: RequestHead) => string | null> =
  new Map([
    ['host', hostProblem],
    ['connection', connectionProblem],
    ['content-length', lengthProblem],
    ['transfer-encoding', encodingProblem],
  ]);

/** Lengths of the names that have a rule: the others need not be looked at. */
const lengths = new Set([...rules.keys()].map(({ length }) => length));

/**
 * What is wrong with a head that two servers could understand in two ways: who is asked, and where the body ends
 * (RFC 9112 §3.2, §6, §11.2). Part of it Node's parser refuses by itself; nothing here relies on that.
 * @returns null when it is fine
 */
export function headProblem(head: RequestHead): AppError | null {
  const found = ruledHeaders(head.rawHeaders);
  if (found.get('host') === undefined && head.httpVersion === '1.1') {
    return refused('The request has no Host header.', 'host');
  }
  if (found.has('content-length') && found.has('transfer-encoding')) {
    return refused('A request has a length or an encoding, not both.', 'transfer-encoding');
  }
  for (const [name, values] of found) {
    const problem = rules.get(name)?.(values, head) ?? null;
    if (problem !== null) return refused(problem, name);
  }
  return null;
}

/** What Node's parser stumbled over, by the code of its error. */
export function parserRefusal(code: string | undefined): HeadRefusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const error = new AppError('request_timeout', 'The request did not arrive in time.');
    return { error, status: 408 };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    // RFC 6585 §5.
    return { error: refused('The headers of the request are too large.'), status: 431 };
  }
  return { error: refused('This is not a well-formed HTTP request.'), status: 400 };
}

function ruledHeaders(raw: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const given = raw[index] ?? '';
    if (!lengths.has(given.length)) continue;
    const name = given.toLowerCase();
    if (!rules.has(name)) continue;
    const value = (raw[index + 1] ?? '').trim();
    const values = found.get(name);
    if (values === undefined) found.set(name, [value]);
    else values.push(value);
  }
  return found;
}

function hostProblem(values: readonly string[]): string | null {
  return values.length === 1 && /^[^\s,/?#@\\]*$/.test(values[0] ?? '')
    ? null
    : 'A request names one host.';
}

function connectionProblem(values: readonly string[]): string | null {
  const names = values.join(',').toLowerCase().split(',');
  return names.some((name) => endToEnd.test(name.trim()))
    ? 'Connection must not name a header that is meant for everybody.'
    : null;
}

function lengthProblem(values: readonly string[]): string | null {
  return values.length === 1 && /^\d{1,15}$/.test(values[0] ?? '')
    ? null
    : 'The length of a request is one number.';
}

function encodingProblem(values: readonly string[], { httpVersion }: RequestHead): string | null {
  return httpVersion === '1.1' && values.length === 1 && values[0]?.toLowerCase() === 'chunked'
    ? null
    : 'The only encoding of a request is "chunked", in HTTP/1.1.';
}

function refused(message: string, param?: string): AppError {
  return new AppError('invalid_request', message, param === undefined ? {} : { param });
}
