import { AppError } from '@wakefield/domain';
import express, { type Request, type RequestHandler } from 'express';

/** Largest body of this interface; inference bodies never come here. */
export const BODY_LIMIT_BYTES = 1_048_576;

/** Reads a JSON body; anything else that has content is refused. An absent body stays undefined. */
export function readJson(): RequestHandler {
  return reader(
    express.json({ limit: BODY_LIMIT_BYTES, strict: false, inflate: false, type: isJson }),
    isJson,
    'application/json',
  );
}

/** Reads the fields of an HTML form. */
export function readForm(): RequestHandler {
  return reader(
    express.urlencoded({ limit: 16_384, extended: false, inflate: false, parameterLimit: 10 }),
    (req) => req.is('application/x-www-form-urlencoded') !== false,
    'application/x-www-form-urlencoded',
  );
}

function reader(
  parse: RequestHandler,
  fits: (req: Request) => boolean,
  wanted: string,
): RequestHandler {
  return (req, res, next) => {
    if (hasBody(req) && !fits(req)) {
      throw new AppError('unsupported_media_type', `The request body must be sent as ${wanted}.`);
    }
    return parse(req, res, next);
  };
}

function isJson(req: { readonly headers: Request['headers'] }): boolean {
  const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || /^application\/[a-z0-9.-]+\+json$/.test(type);
}

/** Whether the request announces content (RFC 9112 §6). */
export function hasBody(req: Request): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
