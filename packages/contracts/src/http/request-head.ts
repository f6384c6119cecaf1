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

/** Values of the headers that have a rule, in the order in which they came; most requests have each once. */
interface Ruled {
  host?: string[];
  connection?: string[];
  'content-length'?: string[];
  'transfer-encoding'?: string[];
}

/**
 * What is wrong with a head that two servers could understand in two ways: who is asked, and where the body ends
 * (RFC 9112 §3.2, §6, §11.2). Part of it Node's parser refuses by itself; nothing here relies on that.
 * @returns null when it is fine
 */
export function headProblem({ httpVersion, rawHeaders }: RequestHead): AppError | null {
  const found = ruledHeaders(rawHeaders);
  const { host, connection, 'content-length': length, 'transfer-encoding': encoding } = found;
  if (host === undefined && httpVersion === '1.1') {
    return refused('The request has no Host header.', 'host');
  }
  if (host !== undefined && !isHost(host)) return refused('A request names one host.', 'host');
  if (connection !== undefined && !isOfConnection(connection)) {
    const message = 'Connection must not name a header that is meant for everybody.';
    return refused(message, 'connection');
  }
  if (length !== undefined && !isLength(length)) {
    return refused('The length of a request is one number.', 'content-length');
  }
  if (encoding === undefined) return null;
  return length === undefined && httpVersion === '1.1' && isChunked(encoding)
    ? null
    : refused(
        'The only encoding of a request is "chunked", in HTTP/1.1 and without a length.',
        'transfer-encoding',
      );
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

function ruledHeaders(raw: readonly string[]): Ruled {
  const found: Ruled = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = ruledName(raw[index] ?? '');
    if (name === null) continue;
    const value = (raw[index + 1] ?? '').trim();
    const values = found[name];
    if (values === undefined) found[name] = [value];
    else values.push(value);
  }
  return found;
}

/** By length first: this is done for every header of every request. */
function ruledName(given: string): keyof Ruled | null {
  const { length } = given;
  if (length !== 4 && length !== 10 && length !== 14 && length !== 17) return null;
  const name = given.toLowerCase();
  return name === 'host' ||
    name === 'connection' ||
    name === 'content-length' ||
    name === 'transfer-encoding'
    ? name
    : null;
}

function isHost(values: readonly string[]): boolean {
  return values.length === 1 && /^[^\s,/?#@\\]*$/.test(values[0] ?? '');
}

function isOfConnection(values: readonly string[]): boolean {
  if (values.length === 1 && (values[0] === 'keep-alive' || values[0] === 'close')) return true;
  const names = values.join(',').toLowerCase().split(',');
  return !names.some((name) => endToEnd.test(name.trim()));
}

function isLength(values: readonly string[]): boolean {
  return values.length === 1 && /^\d{1,15}$/.test(values[0] ?? '');
}

function isChunked(values: readonly string[]): boolean {
  return values.length === 1 && values[0]?.toLowerCase() === 'chunked';
}

function refused(message: string, param?: string): AppError {
  return new AppError('invalid_request', message, param === undefined ? {} : { param });
}
