import { types } from 'node:util';

const maxDepth = 4;

/** Codes of RFC 6749 §5.2 and its like: `invalid_client`. */
const oauthError = /^[a-z_]{1,40}$/;

interface ErrorOfIssuer {
  readonly code?: unknown;
  readonly status?: unknown;
  /** What openid-client read of an answer that is an error. */
  readonly error?: unknown;
}

/**
 * An error as the log may show it. Libraries hang what they received on errors as `cause` (openid-client the body of a
 * token endpoint, V8 a piece of text that is no JSON), and tokens are among that: only errors are kept, of these name,
 * code and message, and the code of the answer.
 */
export function plainError(error: unknown, depth = 0): Error {
  if (!types.isNativeError(error)) return new Error('something that is no error was thrown');
  const message = error.name === 'SyntaxError' ? 'this is not JSON' : error.message;
  const goOn = types.isNativeError(error.cause) && depth < maxDepth;
  const plain = new Error(message, goOn ? { cause: plainError(error.cause, depth + 1) } : {});
  plain.name = error.name;
  const { code, status, error: answer } = error as ErrorOfIssuer;
  if (typeof code === 'string') Object.assign(plain, { code });
  if (typeof status === 'number') plain.message = `${message} (status ${status})`;
  if (typeof answer === 'string' && oauthError.test(answer)) Object.assign(plain, { answer });
  return plain;
}
