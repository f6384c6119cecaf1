import { AppError } from '@wakefield/domain';
import type { Request, RequestHandler } from 'express';

/** Largest body of this interface; inference bodies never come here. */
const BODY_LIMIT_BYTES = 1_048_576;
const FORM_LIMIT_BYTES = 16_384;

/** Reads a JSON body; anything else that has content is refused. An absent body stays undefined. */
export function readJson(): RequestHandler {
  return reader(
    /^application\/([a-z0-9.-]+\+)?json$/,
    'application/json',
    BODY_LIMIT_BYTES,
    parseJson,
  );
}

/** Reads the fields of an HTML form. */
export function readForm(): RequestHandler {
  const type = 'application/x-www-form-urlencoded';
  return reader(/^application\/x-www-form-urlencoded$/, type, FORM_LIMIT_BYTES, (text) =>
    Object.fromEntries(new URLSearchParams(text)),
  );
}

function reader(
  types: RegExp,
  wanted: string,
  limitBytes: number,
  parse: (text: string) => unknown,
): RequestHandler {
  return async (req, _res, next) => {
    if (hasBody(req)) {
      checkHeaders(req, types, wanted, limitBytes);
      req.body = parse(decode(await collect(req, limitBytes)));
    }
    next();
  };
}

/** Whether the request announces content (RFC 9112 §6). */
function hasBody(req: Request): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function checkHeaders(req: Request, types: RegExp, wanted: string, limitBytes: number): void {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (!types.test(type)) {
    throw new AppError('unsupported_media_type', `The request body must be sent as ${wanted}.`);
  }
  const charset = parameters.find((part) => part.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw new AppError('unsupported_media_type', 'The request body must be UTF-8.');
  }
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new AppError('unsupported_media_type', 'The request body must not be compressed.');
  }
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
}

/**
 * The answer to a body that is too large goes out at once. The rest is read and dropped by Node, so that the
 * client gets to see the answer instead of a reset connection; the server's request timeout bounds that.
 */
function collect(req: Request, limitBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limitBytes) {
      chunks.push(chunk);
      return;
    }
    req.off('data', onData);
    req.resume();
    reject(tooLarge(limitBytes));
  };
  req.on('data', onData);
  req.once('end', () => resolve(Buffer.concat(chunks)));
  req.once('close', () => reject(cutShort()));
  req.once('error', () => reject(cutShort()));
  return promise;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new AppError('invalid_json', 'The request body is not valid UTF-8.');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('invalid_json', `The request body is not valid JSON${placeOf(error)}.`);
  }
}

/** Where V8 says that it broke off (v8/src/common/message-template.h, kJsonParse…); never what stands there. */
function placeOf(error: unknown): string {
  const { message } = error as Error;
  if (message === 'Unexpected end of JSON input') return ': it ends too early';
  const [, line, column] = /JSON at position \d+ \(line (\d+) column (\d+)\)$/.exec(message) ?? [];
  return line === undefined ? '' : ` (line ${line}, column ${column})`;
}

function tooLarge(limitBytes: number): AppError {
  return new AppError('payload_too_large', `The request body is larger than ${limitBytes} bytes.`);
}

/** Nobody is there to read this any more; it is for the log. */
function cutShort(): AppError {
  return new AppError('invalid_request', 'The request body did not arrive as announced.');
}
