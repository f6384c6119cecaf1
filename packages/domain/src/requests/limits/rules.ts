import { noLimits, type RequestLimits } from '../../vocabulary/request-limits.ts';
import type { DurationMs } from '../../vocabulary/time.ts';

/** Whose requests a limit counts together. */
export type LimitScope = 'principal' | 'project' | 'model';

/** Limits for everybody of a scope, and for those that are named. */
export interface ScopeRules {
  readonly defaults: RequestLimits;
  /** Whole, with the defaults in them. By principal, by project, or by `project/model`. */
  readonly named: ReadonlyMap<string, RequestLimits>;
}

/** How requests wait for engines that are full. */
export interface QueueRules {
  /** So many times what engines have shown to take is given to them; 1 at least. */
  readonly surplus: number;
  /** For one model, in one proxy. */
  readonly perModel: number;
  readonly waitMs: DurationMs;
}

/** What an operator says of who may ask for how much. */
export interface LimitRules {
  /** What a limit allows in so long may be used at once. */
  readonly burstMs: DurationMs;
  readonly scopes: Readonly<Record<LimitScope, ScopeRules>>;
  /** Share of a principal where several wait, beside the 1 of others. */
  readonly weights: ReadonlyMap<string, number>;
  readonly defaultWeight: number;
  /** null: nobody waits in the proxy; engines are given everything. */
  readonly queue: QueueRules | null;
}

const unlimited: ScopeRules = { defaults: noLimits, named: new Map() };

/** Why each is as it is: docs/adr/0019-places-and-queues.md. */
export const defaultQueue: QueueRules = { surplus: 2, perModel: 2048, waitMs: 600_000 };

/** As if nobody had said anything. */
export const defaultLimitRules: LimitRules = {
  burstMs: 60_000,
  scopes: { principal: unlimited, project: unlimited, model: unlimited },
  weights: new Map(),
  defaultWeight: 1,
  queue: defaultQueue,
};

export function limitsFor(rules: LimitRules, scope: LimitScope, name: string): RequestLimits {
  const { defaults, named } = rules.scopes[scope];
  return named.get(name) ?? defaults;
}

export function weightOf({ weights, defaultWeight }: LimitRules, principal: string): number {
  return weights.get(principal) ?? defaultWeight;
}
