import type { Counter, Histogram, Logger } from '@wakefield/runtime';
import type { RequestHandler } from 'express';
import { contextOf } from './context.ts';

export interface RecordDeps {
  readonly logger: Logger;
  readonly requests: Pick<Counter<'route' | 'code'>, 'inc'>;
  readonly durations: Pick<Histogram<'route'>, 'observe'>;
}

/** One log line and one count per request, when it is over. Never the query: it may hold what it should not. */
export function recordRequest({ logger, requests, durations }: RecordDeps): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    res.once('close', () => {
      const { requestId, traceId, route, principal } = contextOf(res);
      const durationMs = performance.now() - startedAt;
      // 499: the client went away before the answer was out (nginx's word for it; never sent).
      const code = res.writableFinished ? res.statusCode : 499;
      requests.inc({ route, code: String(code) });
      durations.observe({ route }, durationMs / 1000);
      logger[route === 'health' ? 'debug' : 'info'](
        {
          requestId,
          traceId,
          method: req.method,
          path: pathOf(req.originalUrl),
          route,
          status: code,
          durationMs: Math.round(durationMs * 10) / 10,
          principal: principal?.id ?? null,
        },
        'request',
      );
    });
    next();
  };
}

function pathOf(url: string): string {
  return (url.split('?', 1)[0] ?? '').slice(0, 400);
}
