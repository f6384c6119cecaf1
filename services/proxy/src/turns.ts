import type { DemandBoard, LimitBoard, ProxyDemand } from '@wakefield/control';
import type { DurationMs, LimitRules, ModelId, Route } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { Clock } from './clock.ts';
import { createDemandBook, createDemandPublisher } from './demand.ts';
import { createElsewhere } from './inference/elsewhere.ts';
import { createHoldRoom } from './inference/hold-room.ts';
import { createPlaces, endlessPlaces } from './inference/places.ts';
import type { Suspects } from './inference/suspects.ts';
import { createLimits } from './limits/limits.ts';

export interface TurnsOptions {
  readonly board: DemandBoard;
  readonly limitBoard: LimitBoard;
  readonly proxyId: string;
  readonly rules: LimitRules;
  /** Requests that may wait for their model, for one and in the whole process. */
  readonly held: { readonly perModel: number; readonly perProcess: number };
  /** How often the boards are told, and asked. */
  readonly demandMs: DurationMs;
  readonly limitsMs: DurationMs;
  readonly routeOf: (modelId: ModelId) => Route | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly suspects: Suspects;
}

/** Whose turn it is: who may come in, who waits, and what is told of it. */
export function createTurns(options: TurnsOptions) {
  const { board, limitBoard, proxyId, rules, held, clock, logger } = options;
  const demand = createDemandBook(
    clock,
    () => publisher.soon(),
    (modelId) => places.freed(modelId),
  );
  let told: ProxyDemand = { models: new Map() };
  const publisher = createDemandPublisher({
    board,
    proxyId,
    snapshot: () => {
      told = demand.snapshot();
      return told;
    },
    everyMs: options.demandMs,
    logger,
    elapsed: clock.elapsed,
  });
  const { suspects } = options;
  const limits = createLimits({
    rules,
    board: limitBoard,
    proxyId,
    elapsed: clock.elapsed,
    everyMs: options.limitsMs,
    logger,
  });
  const { queue } = rules;
  const holds = createHoldRoom({
    perModel: { model: held.perModel, place: queue?.perModel ?? held.perModel },
    perProcess: held.perProcess,
  });
  const elsewhere = createElsewhere({
    board,
    told: () => told,
    elapsed: clock.elapsed,
    everyMs: options.demandMs,
    onNews: (modelId) => places.freed(modelId),
    logger,
  });
  const rule = {
    surplus: queue?.surplus ?? Number.POSITIVE_INFINITY,
    get proxies() {
      return limits.proxies();
    },
  };
  const { routeOf } = options;
  const places =
    queue === null
      ? endlessPlaces
      : createPlaces({ demand, holds, suspects, elsewhere, routeOf, rule });
  return {
    demand,
    elsewhere,
    suspects,
    limits,
    holds,
    places,
    start: () => {
      publisher.start();
      limits.start();
      elsewhere.start();
    },
    close: async () => {
      elsewhere.close();
      await Promise.all([publisher.close(), limits.close()]);
    },
  };
}
