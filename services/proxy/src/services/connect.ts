import type { RequestOptions } from 'node:http';
import type { Transport } from '@wakefield/control';
import { type Address, AppError, type DurationMs } from '@wakefield/domain';
import { refusals } from '../inference/refusals.ts';
import { createDialer } from '../upstream/dial.ts';
import { EngineTimeoutError } from '../upstream/engine-timeout.ts';
import type { ReadyService } from './find-service.ts';
import type { ServiceParts } from './parts.ts';

/**
 * A connection of its own for one request to a service, through the transport of its cluster: pages are opened by people,
 * and one that was kept may be closed at this very moment by a service that is asked to do something.
 */
function connectTo(
  transport: Transport | null,
  address: Address,
  limitMs: DurationMs,
): Required<Pick<RequestOptions, 'createConnection' | 'setHost'>> {
  const dial = createDialer(transport, address);
  return {
    setHost: false,
    createConnection: (_options, done) => {
      // Its type has a connection beside the error.
      const refuse = done as (error: Error) => void;
      const giveUp = dial({
        connected: (channel) => {
          clearTimeout(timer);
          done(null, channel);
        },
        failed: (error) => {
          clearTimeout(timer);
          refuse(error);
        },
      });
      const timer = setTimeout(() => giveUp(new EngineTimeoutError('connect', limitMs)), limitMs);
      return undefined;
    },
  };
}

/** One of its own for one exchange, which refuses after the limit for connecting. */
export function connectionOf({ transportOf, limits }: ServiceParts, { endpoint }: ReadyService) {
  return connectTo(transportOf(endpoint.cluster), endpoint.address, limits.times.connectMs);
}

/** What is told where a service said nothing. */
export function serviceAway(error: Error): AppError {
  if (error instanceof EngineTimeoutError) {
    if (error.limit !== 'connect') return refusals.timedOut(error);
    const message = `The service could not be connected to within ${error.afterMs / 1000} s.`;
    return new AppError('connect_timeout', message, { cause: error });
  }
  const message = 'The service gave no answer. It may be about to end, or have ended just now.';
  return new AppError('upstream_error', message, { retryAfterSeconds: 2, cause: error });
}
