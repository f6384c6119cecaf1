import { type AppError, type ErrorCode, isAppError } from '@wakefield/domain';
import { errorTable } from './error-table.ts';

/** The one envelope for errors, in OpenAI's words where OpenAI has them. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: ErrorCode;
    readonly param: string | null;
    readonly request_id: string;
  };
}

export function errorBody(error: AppError, requestId: string): ErrorBody {
  const type = error.type ?? errorTable[error.code].type;
  return {
    error: {
      message: error.message,
      type,
      code: error.code,
      param: error.param,
      request_id: requestId,
    },
  };
}

/** Headers that go with an error answer. */
export function errorHeaders(error: AppError): Record<string, string> {
  const { status, retry: usually } = errorTable[error.code];
  // What no time brings is told no time.
  const retry = status === 429 && error.retryAfterSeconds === null ? false : usually;
  // Whoever is told to come back is told when, also by errors that do not know.
  const again = error.retryAfterSeconds ?? (status === 503 && retry !== false ? 2 : null);
  return {
    ...(status === 401 ? { 'www-authenticate': challenge(error) } : {}),
    ...(again === null ? {} : { 'retry-after': String(again) }),
    ...(retry === null ? {} : { 'x-should-retry': String(retry) }),
  };
}

/** Who sent no credential is told the scheme alone (RFC 6750 §3.1). */
function challenge(error: AppError): string {
  const scheme = 'Bearer realm="wakefield"';
  return error.challenge === null ? scheme : `${scheme}, ${error.challenge}`;
}

/** Error event of a stream whose headers are already out; OpenAI clients raise it. */
export function errorEvent(error: AppError, requestId: string): string {
  return `data: ${JSON.stringify(errorBody(error, requestId))}\n\n`;
}

/**
 * A whole HTTP/1.1 answer as text, for a bare socket: Node's parser gave up before there was a request to
 * answer. The connection ends with it.
 * @param status where HTTP has a finer one than the error's
 */
export function rawErrorAnswer(
  error: AppError,
  requestId: string,
  status = errorTable[error.code].status,
): string {
  const body = JSON.stringify(errorBody(error, requestId));
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(new TextEncoder().encode(body).length),
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    connection: 'close',
    ...errorHeaders(error),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reasonPhrases[status] ?? 'Refused'}\r\n${lines.join('')}\r\n${body}`;
}

/** Of the statuses that can be told on a bare socket (RFC 9110 §15). */
const reasonPhrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

/** Unknown errors become `internal_error` with a fixed text, once, at the edge. */
export function toAppError(error: unknown, internal: (cause: unknown) => AppError): AppError {
  return isAppError(error) ? error : internal(error);
}
