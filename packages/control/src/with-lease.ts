import type { Log } from './ports/observability.ts';
import { type Lease, LeaseLostError, type LeaseStore } from './ports/stores.ts';

export interface WithLeaseDeps {
  readonly leases: LeaseStore;
  readonly log: Log;
  /** Names this process on leases. */
  readonly holder: string;
}

/** After a death somebody else may act within this time. */
const TTL_MS = 6_000;
const RENEW_EVERY_MS = 1_500;
/** Whoever finds a lease taken comes again after this: its holder may be dead. */
export const LEASE_RETRY_MS = 500;
/** Work is told to stop this long before its lease may be somebody else's. */
const MARGIN_MS = 1_500;
/** Work that goes on for longer after it was told to stop has been given up: its lease is not kept for it. */
const STOP_WITHIN_MS = 3_000;

/**
 * Runs `work` under a lease that is renewed as long as it runs; when it is lost, or may be because no renewal was
 * answered in time, the work's signal aborts.
 * @returns false when somebody else holds the lease
 */
export async function withLease(
  deps: WithLeaseDeps,
  key: string,
  signal: AbortSignal,
  work: (lease: Lease, signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const askedAt = performance.now();
  const lease = await deps.leases.acquire(key, deps.holder, TTL_MS);
  if (lease === null) return false;
  const kept = keep(deps, lease, askedAt, signal);
  try {
    await work(lease, AbortSignal.any([signal, kept.lost]));
  } catch (error) {
    // Whoever took over works on it by now, and knows better.
    if (!(error instanceof LeaseLostError) && !kept.lost.aborted) throw error;
    deps.log.warn({ lease: key }, 'lease lost');
  } finally {
    kept.stop();
    await deps.leases
      .release(lease)
      .catch((err: unknown) => deps.log.warn({ err, lease: key }, 'lease not released'));
  }
  return true;
}

interface Kept {
  /** Aborted when the lease is lost, or may be. */
  readonly lost: AbortSignal;
  stop(): void;
}

/**
 * Renews the lease until it is told to stop, or until the work was told to stop and has not done so. Time is counted
 * by the monotonic clock from the moment a renewal was sent, so that ours is over before the database's.
 */
function keep(
  { leases, log }: WithLeaseDeps,
  lease: Lease,
  askedAt: number,
  outer: AbortSignal,
): Kept {
  const { key } = lease;
  const lost = new AbortController();
  const lose = () => lost.abort(new LeaseLostError(key));
  const expiry = (from: number) =>
    setTimeout(lose, Math.max(0, from + TTL_MS - MARGIN_MS - performance.now()));
  let heldFrom = askedAt;
  let deadline = expiry(heldFrom);
  const renewed = (from: number) => {
    if (from <= heldFrom) return;
    heldFrom = from;
    clearTimeout(deadline);
    deadline = expiry(from);
  };
  const renewal = setInterval(() => {
    const from = performance.now();
    leases.renew(lease, TTL_MS).then(
      (held) => (held ? renewed(from) : lose()),
      (err: unknown) => log.warn({ err, lease: key }, 'lease not renewed'),
    );
  }, RENEW_EVERY_MS);
  let patience: NodeJS.Timeout | undefined;
  const onStop = () => {
    patience = setTimeout(() => clearInterval(renewal), STOP_WITHIN_MS);
  };
  outer.addEventListener('abort', onStop, { once: true });
  if (outer.aborted) onStop();
  return {
    lost: lost.signal,
    stop: () => {
      // An answer that is still under way must not set another deadline.
      heldFrom = Number.POSITIVE_INFINITY;
      outer.removeEventListener('abort', onStop);
      clearInterval(renewal);
      clearTimeout(deadline);
      clearTimeout(patience);
    },
  };
}
