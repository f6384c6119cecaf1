import type { LimitBoard } from '@wakefield/control';
import {
  type AppError,
  type DurationMs,
  isUnlimited,
  type LimitRules,
  type LimitScope,
  type ModelId,
  type ProjectName,
  type Route,
  weightOf,
} from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import { type Asking, createLedger } from './ledger.ts';
import { createLimitExchange } from './limit-exchange.ts';
import { limitRefusal } from './limit-refusal.ts';
import type { LimitKind } from './meter.ts';
import { rateHeaders } from './rate-headers.ts';
import { createTokenEstimates, type TokenEstimates } from './token-estimates.ts';

/** A request as far as limits are concerned. */
export interface LimitedRequest {
  readonly principal: string;
  readonly route: Route;
  readonly bodyBytes: number;
  readonly maxTokens: number | null;
  /** Whether text comes of it. */
  readonly answers: boolean;
}

/** A request to a service: limits of its caller and of its project apply. */
export interface LimitedServiceRequest {
  readonly principal: string;
  readonly project: ProjectName;
  /** Of a prompt; null: how many it takes cannot be told. */
  readonly prompt: { readonly bytes: number; readonly maxTokens: number | null } | null;
}

/** A request that was counted in. */
export interface Ticket {
  /** It is over. @param used tokens, all together; null: nobody knows, and what was reserved counts */
  finish(used: number | null): void;
}

/** What the limits say of a request. */
export type Admission =
  | { readonly ticket: Ticket; readonly refusal: null; readonly headers: readonly string[] }
  | {
      readonly refusal: AppError;
      readonly limit: LimitKind;
      readonly scope: LimitScope;
      readonly headers: readonly string[];
    };

/** Who may ask for how much. One for a process; decides from memory. */
export interface Limits {
  /** Whether there may be anything to count; where nobody limits anything, that is all it costs. */
  appliesTo(route: Route): boolean;
  /** Counts a request in, or says why not; null where nothing limits it. */
  admit(request: LimitedRequest): Admission | null;
  /** The same of a request to a service. */
  admitToService(request: LimitedServiceRequest): Admission | null;
  readonly estimates: TokenEstimates;
  /** Share of a principal among those who wait. */
  weightOf(principal: string): number;
  /** Proxies that reported lately, this one among them. */
  proxies(): number;
  /** Principals, projects and models of which anything is remembered. */
  remembered(): number;
  prune(known: (modelId: ModelId) => boolean): void;
  start(): void;
  close(): Promise<void>;
}

export interface LimitsOptions {
  readonly rules: LimitRules;
  readonly board: LimitBoard;
  readonly proxyId: string;
  readonly elapsed: () => DurationMs;
  readonly everyMs: DurationMs;
  readonly logger: Logger;
}

export function createLimits({ rules, elapsed, ...options }: LimitsOptions): Limits {
  const ledger = createLedger(rules);
  const exchange = createLimitExchange({ ...options, ledger, elapsed });
  const estimates = createTokenEstimates();
  const isSaid = Object.values(rules.scopes).some(
    ({ defaults, named }) => !isUnlimited(defaults) || named.size > 0,
  );
  const enter = (asking: Asking): Admission | null => {
    const { tokens } = asking;
    const now = elapsed();
    const entry = ledger.enter(asking, now, exchange.peers());
    if (entry === null) return null;
    const { meters, obstacle } = entry;
    const headers = rateHeaders(meters, now);
    if (obstacle !== null) {
      const { kind: limit, meter } = obstacle;
      return { refusal: limitRefusal(obstacle, tokens), limit, scope: meter.scope, headers };
    }
    if (meters.some(({ isUrgent }) => isUrgent)) exchange.soon();
    const finish = (used: number | null): void => {
      ledger.leave(meters, tokens, used, now, elapsed(), exchange.peers());
    };
    return { ticket: { finish }, refusal: null, headers };
  };
  return {
    appliesTo: ({ limits }) => isSaid || !isUnlimited(limits),
    admit: ({ principal, route, bodyBytes, maxTokens, answers }) => {
      const { modelId, project } = route;
      const tokens = estimates.of(modelId, bodyBytes, maxTokens, answers);
      return enter({ principal, project, route, tokens, most: answers ? maxTokens : null });
    },
    admitToService: ({ principal, project, prompt }) => {
      if (!isSaid) return null;
      const most = prompt?.maxTokens ?? null;
      const tokens = prompt === null ? 0 : estimates.of(null, prompt.bytes, most, true);
      return enter({ principal, project, route: null, tokens, most });
    },
    estimates,
    weightOf: (principal) => weightOf(rules, principal),
    proxies: () => exchange.peers().proxies,
    remembered: () => ledger.size,
    prune: estimates.prune,
    start: exchange.start,
    close: exchange.close,
  };
}
