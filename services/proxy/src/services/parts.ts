import type { Visits } from '@wakefield/auth';
import type { Transport } from '@wakefield/control';
import type { ClusterName, DurationMs, TimeLimits } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { Clock } from '../clock.ts';
import type { DemandBook } from '../demand.ts';
import type { BodyRoom } from '../inference/body-room.ts';
import type { CallerOf } from '../inference/caller.ts';
import type { BodyLimits } from '../inference/read-body.ts';
import type { Limits } from '../limits/limits.ts';
import type { UsageMeter } from '../metering/meter.ts';
import type { ProxyMetrics } from '../metrics.ts';
import type { RouteIndex } from '../routes/route-index.ts';
import type { IsTrusted } from '../server/peers.ts';
import type { MostRunning } from './running.ts';
import type { ServiceOrigins } from './service-origins.ts';

/** What requests to services work with; one per process. */
export interface ServiceParts {
  readonly routes: () => RouteIndex | null;
  /** One more look at the store before something unknown is refused. */
  readonly catchUp: () => Promise<boolean>;
  readonly callerOf: CallerOf;
  /** Whether browsers can sign in here. */
  readonly hasSignIn: boolean;
  /** null: straight TCP. */
  readonly transportOf: (cluster: ClusterName) => Transport | null;
  readonly demand: Pick<DemandBook, 'begin' | 'end'>;
  readonly bodies: BodyRoom;
  readonly rateLimits: Pick<Limits, 'admitToService'>;
  readonly usage: UsageMeter;
  readonly metrics: ProxyMetrics;
  readonly clock: Clock;
  readonly isTrusted: IsTrusted;
  /** Where pages of services are on origins of their own; null: nowhere. */
  readonly visiting: Visiting | null;
  /** Our own origin, where people sign in and are led to services; null: nobody can, or it is not known. */
  readonly mainUrl: string | null;
  readonly limits: {
    readonly body: BodyLimits;
    /** Those of inference, for what engines are asked on behalf of callers; what is passed has that of the connection. */
    readonly times: TimeLimits;
    readonly sessionIdleMs: DurationMs;
    /** How often it is looked whether who has a session may still have it. */
    readonly rightsMs: DurationMs;
    /** What may be passed at once. */
    readonly most: MostRunning;
    /** Until what is passed to a job that has ended is ended, too. */
    readonly endedMs: DurationMs;
  };
  readonly logger: Logger;
}

/** How browsers visit services on origins of their own. */
export interface Visiting {
  readonly origins: ServiceOrigins;
  readonly visits: Visits;
}
