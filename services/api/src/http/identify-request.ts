import { headProblem } from '@wakefield/contracts';
import { requestId, traceContext } from '@wakefield/runtime';
import type { RequestHandler } from 'express';
import { setContext } from './context.ts';

/** First in line: gives the request its ids, and the answer the headers that every answer has. */
export function identifyRequest(): RequestHandler {
  return (req, res, next) => {
    const id = requestId(req.headers['x-request-id']);
    const { traceId } = traceContext(req.headers.traceparent);
    setContext(res, {
      requestId: id,
      traceId,
      route: 'none',
      principal: null,
      caller: null,
      failure: null,
    });
    res.set({
      'X-Request-Id': id,
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Resource-Policy': 'same-origin',
      // Answers are data. Pages say what they need for themselves.
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'Cache-Control': 'no-store',
    });
    next();
  };
}

/** Refuses a head that could be understood in two ways, and ends its connection. */
export function refuseUnclearHeads(): RequestHandler {
  return (req, res, next) => {
    const problem = headProblem(req);
    if (problem !== null) {
      res.set('Connection', 'close');
      throw problem;
    }
    next();
  };
}
