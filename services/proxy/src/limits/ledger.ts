import {
  type DurationMs,
  isUnlimited,
  type LimitRules,
  type LimitScope,
  limitsFor,
  type ProjectName,
  type RequestLimits,
  type Route,
  tightest,
} from '@wakefield/domain';
import { later, Meter, type Obstacle } from './meter.ts';
import type { Peers } from './peers.ts';

/** Whose request it is, what of, and how many tokens it may take, as far as that can be told. */
export interface Asking {
  readonly principal: string;
  readonly project: ProjectName;
  /** null: it is for a service, and those have no limits of their own. */
  readonly route: Route | null;
  readonly tokens: number;
  /** The tokens that it asks for by number; null: none. */
  readonly most: number | null;
}

/** What came of asking: the meters that apply to it, and what stands in its way, if anything does. */
export interface LedgerAnswer {
  readonly meters: readonly Meter[];
  readonly obstacle: Obstacle | null;
}

/** Who has used how much of which limit. Memory only; what idles is forgotten. */
export interface Ledger {
  /** Counts the request, unless something stands in its way; null where nothing limits it. */
  enter(asking: Asking, now: DurationMs, peers: Peers): LedgerAnswer | null;
  /** So many tokens were used by a request that was let in at that moment. */
  leave(
    meters: readonly Meter[],
    tokens: number,
    used: number | null,
    takenAt: DurationMs,
    now: DurationMs,
    peers: Peers,
  ): void;
  /** All of which other proxies have to hear. */
  readonly changed: Set<Meter>;
  /** Looks at so many of those that are remembered, going round: forgets the idle, unless others can and have to hear of it. */
  tidy(count: number, now: DurationMs, peers: Peers): void;
  readonly size: number;
}

export function createLedger(rules: LimitRules): Ledger {
  const meters: Readonly<Record<LimitScope, Map<string, Meter>>> = {
    principal: new Map(),
    project: new Map(),
    model: new Map(),
  };
  const changed = new Set<Meter>();
  const ofModels = createModelLimits(rules);
  let round: Iterator<Meter> | null = null;

  const meterOf = (
    scope: LimitScope,
    name: string,
    limits: RequestLimits,
    now: DurationMs,
  ): Meter => {
    let meter = meters[scope].get(name);
    if (meter === undefined) {
      meter = new Meter(scope, name, limits, rules.burstMs, now);
      meters[scope].set(name, meter);
    } else if (meter.limits !== limits) meter.limitTo(limits, now);
    return meter;
  };
  const metersOf = ({ principal, project, route }: Asking, now: DurationMs): readonly Meter[] => {
    const ofPrincipal = limitsFor(rules, 'principal', principal);
    const ofProject = limitsFor(rules, 'project', project);
    const model = route === null ? null : ofModels(route);
    const apply: Meter[] = [];
    if (!isUnlimited(ofPrincipal)) apply.push(meterOf('principal', principal, ofPrincipal, now));
    if (!isUnlimited(ofProject)) apply.push(meterOf('project', project, ofProject, now));
    if (model !== null) apply.push(meterOf('model', model.name, model.limits, now));
    return apply;
  };
  function* all(): Generator<Meter> {
    for (const scope of Object.values(meters)) yield* scope.values();
  }

  return {
    enter: (asking, now, peers) => {
      const { tokens, most } = asking;
      const apply = metersOf(asking, now);
      if (apply.length === 0) return null;
      let obstacle: Obstacle | null = null;
      for (const meter of apply)
        obstacle = later(obstacle, meter.obstacle(tokens, most, now, peers));
      for (const meter of apply) {
        if (obstacle === null) meter.take(tokens, now, peers);
        // Who refuses wants to hear of the others.
        if (obstacle !== null || meter.isDue(now, peers)) changed.add(meter);
      }
      return { meters: apply, obstacle };
    },
    leave: (apply, tokens, used, takenAt, now, peers) => {
      for (const meter of apply) {
        meter.give(tokens, used ?? meter.costOf(tokens), takenAt, now, peers);
        if (meter.isDue(now, peers)) changed.add(meter);
      }
    },
    changed,
    tidy: (count, now, { alone }) => {
      for (let looked = 0; looked < count; looked += 1) {
        round ??= all();
        const { value: meter, done } = round.next();
        if (done === true) {
          round = null;
          return;
        }
        if (!meter.isIdle(now) || (changed.has(meter) && !alone)) continue;
        meters[meter.scope].delete(meter.name);
        changed.delete(meter);
      }
    },
    get size() {
      return meters.principal.size + meters.project.size + meters.model.size;
    },
  };
}

interface ModelLimits {
  readonly name: string;
  readonly limits: RequestLimits;
}

/** What the operator and the registration allow, worked out once for each route of a table. */
function createModelLimits(rules: LimitRules): (route: Route) => ModelLimits | null {
  const known = new WeakMap<Route, ModelLimits>();
  const { defaults, named } = rules.scopes.model;
  const nobodySays = isUnlimited(defaults) && named.size === 0;
  return (route) => {
    if (nobodySays && isUnlimited(route.limits)) return null;
    let found = known.get(route);
    if (found === undefined) {
      const name = `${route.project}/${route.hfModelId}`;
      found = { name, limits: tightest(limitsFor(rules, 'model', name), route.limits) };
      known.set(route, found);
    }
    return isUnlimited(found.limits) ? null : found;
  };
}
