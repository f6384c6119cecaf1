import { type ErrorRow, errorTable } from '@wakefield/contracts';
import type { AppError } from '@wakefield/domain';
import type { Counter, Histogram, Logger } from '@wakefield/runtime';
import type { RequestHandler } from 'express';
import { contextOf, type RequestContext } from './context.ts';

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
      const context = contextOf(res);
      const durationMs = performance.now() - startedAt;
      // 499: the client went away before the answer was out (nginx's word for it; never sent).
      const code = res.writableFinished ? res.statusCode : 499;
      requests.inc({ route: context.route, code: String(code) });
      durations.observe({ route: context.route }, durationMs / 1000);
      logger[levelOf(context)](
        {
          requestId: context.requestId,
          traceId: context.traceId,
          method: req.method,
          path: pathOf(req.originalUrl),
          route: context.route,
          status: code,
          durationMs: Math.round(durationMs * 10) / 10,
          principal: context.caller,
          ...failureFields(context.failure),
        },
        'request',
      );
    });
    next();
  };
}

/** As the error table says; probes of load balancers are not worth a line. */
function levelOf({ route, failure }: RequestContext): ErrorRow['log'] {
  if (failure !== null) return errorTable[failure.code].log;
  return route === 'health' ? 'debug' : 'info';
}

/** The cause is for us alone; callers were told the message. */
function failureFields(failure: AppError | null): object {
  if (failure === null) return {};
  const { code, param, cause } = failure;
  return { code, param, ...(cause === undefined ? {} : { err: cause }) };
}

function pathOf(url: string): string {
  return (url.split('?', 1)[0] ?? '').slice(0, 400);
}
