import type { Route, TimeLimits } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { Clock } from '../clock.ts';
import type { DemandBook } from '../demand.ts';
import type { Limits } from '../limits/limits.ts';
import type { UsageMeter } from '../metering/meter.ts';
import type { ProxyMetrics } from '../metrics.ts';
import type { RouteIndex } from '../routes/route-index.ts';
import type { UpstreamPools } from '../upstream/pools.ts';
import type { SessionPatience } from '../upstream/under-way.ts';
import type { BodyRoom } from './body-room.ts';
import type { HabitBook } from './engine-habits.ts';
import type { HoldRoom } from './hold-room.ts';
import type { Picker } from './picker.ts';
import type { Places } from './places.ts';
import type { BodyLimits } from './read-body.ts';
import type { RunLengths } from './run-lengths.ts';
import type { Suspects } from './suspects.ts';
import type { WakeKeeper } from './wake-keeper.ts';

export interface InferenceLimits extends SessionPatience {
  readonly body: BodyLimits;
  /** How long requests may take whose models say nothing. */
  readonly times: TimeLimits;
  /** Longest wait for a model. */
  readonly holdMs: number;
  /** Longest wait for a place at an engine, where all are full. */
  readonly placeMs: number;
  /** A streamed request that waits longer gets its headers. */
  readonly earlyHeadersMs: number;
  /** Time between two comments to a waiting stream. */
  readonly commentMs: number;
  /** A client that takes nothing of its answer for this long, twice that at most, is cut off; so is the engine of a session. */
  readonly stallMs: number;
}

/** What every inference request works with; one per process, all of it in memory. */
export interface InferenceParts {
  readonly routes: () => RouteIndex | null;
  /** One more look at the store before something unknown is refused: it may have just been registered. */
  readonly catchUp: () => Promise<boolean>;
  readonly pools: UpstreamPools;
  readonly demand: DemandBook;
  readonly bodies: BodyRoom;
  readonly holds: HoldRoom;
  readonly places: Places;
  readonly rateLimits: Limits;
  readonly wakes: WakeKeeper;
  readonly suspects: Suspects;
  readonly picker: Picker;
  readonly lengths: RunLengths;
  readonly habits: HabitBook;
  /** Whether streams of this model are asked for their usage where their callers do not ask. */
  readonly asksUsage: (route: Route) => boolean;
  readonly usage: UsageMeter;
  readonly metrics: ProxyMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits: InferenceLimits;
}
