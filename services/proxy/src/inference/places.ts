import {
  areFull,
  type Endpoint,
  isFull,
  type JobId,
  type ModelId,
  type PlaceRule,
  type Route,
} from '@wakefield/domain';
import type { DemandBook } from '../demand.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { HoldRoom } from './hold-room.ts';
import type { Suspects } from './suspects.ts';

/** Who waits where engines are full, and who is next. */
export interface Places {
  /**
   * Whether a request waits for its turn instead of going to this endpoint: all it could go to are full, or others
   * wait already.
   * @param isWaiting whether it is one of those who wait, and has its turn
   */
  mustWait(
    route: Route,
    endpoint: Endpoint,
    tried: ReadonlyMap<JobId, unknown> | null,
    isWaiting: boolean,
  ): boolean;
  /** Whether there is no place for anybody; not where there is no engine. */
  isFull(route: Route): boolean;
  /** A place may be free: whose turn it is goes, and those behind as far as there is room. Soon, never at once. */
  freed(modelId: ModelId): void;
}

export interface PlacesOptions {
  readonly demand: Pick<DemandBook, 'runningOn' | 'queued'>;
  readonly holds: Pick<HoldRoom, 'first' | 'kick'>;
  readonly suspects: Pick<Suspects, 'excludedFor'>;
  readonly elsewhere: Pick<Elsewhere, 'on' | 'want'>;
  readonly routeOf: (modelId: ModelId) => Route | null;
  readonly rule: PlaceRule;
}

const nobodyTried: ReadonlyMap<JobId, unknown> = new Map();

export function createPlaces(options: PlacesOptions): Places {
  const { demand, holds, suspects, elsewhere, routeOf, rule } = options;
  const due = new Set<ModelId>();

  const allFull = (route: Route, tried: ReadonlyMap<JobId, unknown>): boolean => {
    if (rule.proxies > 1) elsewhere.want(route.modelId);
    const exclude = suspects.excludedFor(route, tried);
    return areFull(route.endpoints, exclude, demand.runningOn, elsewhere.on, rule);
  };
  const isFullFor = (route: Route): boolean =>
    route.endpoints.length > 0 && allFull(route, nobodyTried);

  const serve = (modelId: ModelId): void => {
    for (;;) {
      const route = routeOf(modelId);
      const next = holds.first(modelId);
      if (next === null || route === null || isFullFor(route)) return;
      next.look();
      if (holds.first(modelId) !== next) continue;
      // It cannot go where there is room: others may.
      holds.kick(modelId);
      return;
    }
  };
  const serveDue = (): void => {
    const models = [...due];
    due.clear();
    for (const modelId of models) serve(modelId);
  };
  const freed = (modelId: ModelId): void => {
    if (due.size === 0) queueMicrotask(serveDue);
    due.add(modelId);
  };

  return {
    mustWait: (route, endpoint, tried, isWaiting) => {
      if (!isWaiting && demand.queued(route.modelId) > 0) {
        freed(route.modelId);
        return true;
      }
      if (!isFull(endpoint, demand.runningOn, elsewhere.on, rule)) return false;
      return allFull(route, tried ?? nobodyTried);
    },
    isFull: isFullFor,
    freed,
  };
}

/** Where nobody is to wait in the proxy: engines are given everything. */
export const endlessPlaces: Places = {
  mustWait: () => false,
  isFull: () => false,
  freed: () => undefined,
};
