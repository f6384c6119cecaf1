import { errorBody, errorHeaders, errorTable, toAppError } from '@wakefield/contracts';
import { AppError } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { ErrorRequestHandler } from 'express';
import { contextOf } from './context.ts';
import { BODY_LIMIT_BYTES, hasBody } from './read-body.ts';

/** Last in line: every failure becomes the one envelope, and is logged as its code says. */
export function handleError(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const error = toAppError(fromExpress(thrown), internalError);
    const { requestId, traceId, route } = contextOf(res);
    const { status, log } = errorTable[error.code];
    logger[log](
      {
        requestId,
        traceId,
        route,
        code: error.code,
        param: error.param,
        ...(error.cause === undefined ? {} : { err: error.cause }),
      },
      'request refused or failed',
    );
    if (res.headersSent) {
      // Half an answer is out: cutting the connection is the only honest end.
      next(thrown);
      return;
    }
    res.set(errorHeaders(error));
    // What is left of a body that nobody reads must not be taken for the next request.
    if (hasBody(req) && !req.complete) res.set('Connection', 'close');
    res.status(status).json(errorBody(error, requestId));
  };
}

function internalError(cause: unknown): AppError {
  return new AppError(
    'internal_error',
    'Something went wrong on our side. The request id helps us to find it.',
    { cause },
  );
}

/** Errors of Express and its body parser carry a `type` or a status (body-parser: "Errors"). */
function fromExpress(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  if (thrown instanceof URIError) {
    return new AppError('invalid_request', 'The path is not properly percent-encoded.');
  }
  const { type } = thrown as { readonly type?: unknown };
  switch (type) {
    case 'entity.parse.failed':
      return new AppError('invalid_json', 'The request body is not valid JSON.');
    case 'entity.too.large':
      return new AppError(
        'payload_too_large',
        `The request body is larger than ${limitOf(thrown)} bytes.`,
      );
    case 'encoding.unsupported':
      return new AppError('unsupported_media_type', 'The request body must not be compressed.');
    case 'charset.unsupported':
      return new AppError('unsupported_media_type', 'The request body must be UTF-8.');
    case 'request.aborted':
    case 'request.size.invalid':
      return new AppError('invalid_request', 'The request body did not arrive as announced.');
    case 'parameters.too.many':
      return new AppError('invalid_request', 'The form has too many fields.');
    default:
      return thrown;
  }
}

function limitOf(error: Error): number {
  const { limit } = error as { readonly limit?: unknown };
  return typeof limit === 'number' ? limit : BODY_LIMIT_BYTES;
}
