/** What somebody waits for a place with. */
export interface Claim {
  readonly principal: string;
  /** Share of the principal among those who wait; positive. */
  readonly weight: number;
  /** How much work it is, in any one unit; positive. */
  readonly cost: number;
}

/**
 * Who is next where several wait for places: by weighted fair shares over principals, then by arrival. Whoever asks
 * for a hundred things at once waits behind itself, not before everybody else.
 */
export interface FairOrder<T extends Claim> {
  add(claim: T): void;
  /** @param served whether it got its place, and is to be counted; else it is as if it had not come */
  remove(claim: T, served: boolean): void;
  first(): T | null;
  /** All of them, in the order in which they would be served if nobody else came. */
  all(): T[];
  /** How many of this principal wait. */
  of(principal: string): number;
  readonly size: number;
}

/** Those of one principal, first come first served. */
interface Flow<T> {
  readonly waiting: Map<T, number>;
  /** The virtual time at which its next claim begins. */
  next: number;
}

/** Flows without anybody waiting that are remembered at most: what they have got counts when they come again. */
const keptIdle = 1024;

/**
 * Start-time fair queueing (Goyal, Vin and Cheng, IEEE/ACM ToN 5(5), 1997): a principal's claims follow each other
 * in virtual time by their cost over its weight, who has not waited joins at the time of the claim that was served
 * last, and the earliest is next. Any two that both wait get work in proportion to their weights, up to one claim of
 * each, however much or little is served at a time.
 */
export function createFairOrder<T extends Claim>(): FairOrder<T> {
  const flows = new Map<string, Flow<T>>();
  /** Virtual time: the start of the claim that was served last. */
  let now = 0;
  let arrivals = 0;
  let size = 0;
  /** Flows without anybody waiting. */
  let idle = 0;

  const firstOf = (flow: Flow<T>): [T, number] | undefined => flow.waiting.entries().next().value;
  const flowOf = (principal: string): Flow<T> => {
    let flow = flows.get(principal);
    if (flow === undefined) {
      flow = { waiting: new Map(), next: now };
      flows.set(principal, flow);
      idle += 1;
    }
    return flow;
  };
  /** Nobody waits: everybody is equal again. Else the least of what is remembered goes, when there is too much of it. */
  const forget = (): void => {
    if (size === 0) {
      flows.clear();
      idle = 0;
      now = 0;
    } else if (idle > keptIdle) {
      for (const [principal, { waiting, next }] of flows)
        if (waiting.size === 0 && (next <= now || idle > keptIdle / 2)) {
          flows.delete(principal);
          idle -= 1;
        }
    }
  };

  return {
    add: (claim) => {
      const flow = flowOf(claim.principal);
      if (flow.waiting.size === 0) {
        flow.next = Math.max(flow.next, now);
        idle -= 1;
      }
      flow.waiting.set(claim, arrivals++);
      size += 1;
    },
    remove: (claim, served) => {
      const flow = flows.get(claim.principal);
      if (flow?.waiting.delete(claim) !== true) return;
      size -= 1;
      if (served) {
        now = Math.max(now, flow.next);
        flow.next += claim.cost / claim.weight;
      }
      if (flow.waiting.size > 0) return;
      idle += 1;
      forget();
    },
    first: () => {
      let best: T | null = null;
      let bestNext = Number.POSITIVE_INFINITY;
      let bestArrival = 0;
      for (const flow of flows.values()) {
        if (flow.next > bestNext) continue;
        const head = firstOf(flow);
        if (head === undefined) continue;
        const [claim, arrival] = head;
        if (flow.next === bestNext && arrival > bestArrival) continue;
        best = claim;
        bestNext = flow.next;
        bestArrival = arrival;
      }
      return best;
    },
    all: () => {
      const order: { readonly claim: T; readonly at: number; readonly arrival: number }[] = [];
      for (const { waiting, next } of flows.values()) {
        let at = next;
        for (const [claim, arrival] of waiting) {
          order.push({ claim, at, arrival });
          at += claim.cost / claim.weight;
        }
      }
      order.sort((one, other) => one.at - other.at || one.arrival - other.arrival);
      return order.map(({ claim }) => claim);
    },
    of: (principal) => flows.get(principal)?.waiting.size ?? 0,
    get size() {
      return size;
    },
  };
}
