import { errorBody, errorHeaders, errorTable, toAppError } from '@wakefield/contracts';
import { AppError } from '@wakefield/domain';
import type { ErrorRequestHandler } from 'express';
import { contextOf } from './context.ts';

/** Last in line: every failure becomes the one envelope. */
export function handleError(): ErrorRequestHandler {
  return (thrown: unknown, _req, res, next) => {
    const error = toAppError(fromExpress(thrown), internalError);
    const context = contextOf(res);
    context.failure = error;
    if (res.headersSent) {
      // Half an answer is out: cutting the connection is the only honest end.
      next(thrown);
      return;
    }
    res.set(errorHeaders(error));
    res.status(errorTable[error.code].status).json(errorBody(error, context.requestId));
  };
}

function internalError(cause: unknown): AppError {
  return new AppError(
    'internal_error',
    'Something went wrong on our side. The request id helps us to find it.',
    { cause },
  );
}

/** What Express itself refuses: a path whose percent signs make no sense (path-to-regexp's decoder). */
function fromExpress(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { status } = thrown as { readonly status?: unknown };
  return thrown instanceof URIError || (status === 400 && thrown.message.includes('decode'))
    ? new AppError('invalid_request', 'The path is not properly percent-encoded.')
    : thrown;
}
