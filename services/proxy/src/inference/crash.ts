import type { ExchangeView } from './exchange-view.ts';
import { refusals } from './refusals.ts';

/** Ends a request over which our own code has failed, in the way that is still open, and says so. Never throws. */
export function endCrashed(view: ExchangeView, error: unknown): void {
  const { call, parts, reply } = view;
  const { requestId } = call;
  parts.logger.error({ err: error, requestId }, 'a request met a fault of ours');
  try {
    if (reply.ended) view.finish('cut');
    else view.breakOff(refusals.internal(error), false);
  } catch (err) {
    reply.cutOff();
    parts.logger.error({ err, requestId }, 'a request that met a fault of ours could not be ended');
  }
}
