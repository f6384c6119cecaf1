import { types } from 'node:util';

const maxDepth = 4;

/**
 * An error as the log may show it. Libraries hang what they received on errors as `cause` (openid-client the body of a
 * token endpoint, V8 a piece of text that is no JSON), and tokens are among that: only errors are kept, of these name,
 * code and message.
 */
export function plainError(error: unknown, depth = 0): Error {
  if (!types.isNativeError(error)) return new Error('something that is no error was thrown');
  const message = error.name === 'SyntaxError' ? 'this is not JSON' : error.message;
  const goOn = types.isNativeError(error.cause) && depth < maxDepth;
  const plain = new Error(message, goOn ? { cause: plainError(error.cause, depth + 1) } : {});
  plain.name = error.name;
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown };
  if (typeof code === 'string') Object.assign(plain, { code });
  if (typeof status === 'number') plain.message = `${message} (status ${status})`;
  return plain;
}
