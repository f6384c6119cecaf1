import type { Log } from './ports/observability.ts';
import { type Lease, LeaseLostError, type LeaseStore } from './ports/stores.ts';

export interface WithLeaseDeps {
  readonly leases: LeaseStore;
  readonly log: Log;
  /** Names this process on leases. */
  readonly holder: string;
}

/** After a death somebody else may act within this time. */
const TTL_MS = 8_000;
const RENEW_EVERY_MS = 2_500;

/**
 * Runs `work` under a lease that is renewed as long as it runs; when it is lost, the work's signal aborts.
 * @returns false when somebody else holds the lease
 */
export async function withLease(
  deps: WithLeaseDeps,
  key: string,
  signal: AbortSignal,
  work: (lease: Lease, signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const lease = await deps.leases.acquire(key, deps.holder, TTL_MS);
  if (lease === null) return false;
  const lost = new AbortController();
  const renewal = setInterval(() => {
    deps.leases.renew(lease, TTL_MS).then(
      (held) => held || lost.abort(new LeaseLostError(key)),
      (err: unknown) => deps.log.warn({ err, lease: key }, 'lease not renewed'),
    );
  }, RENEW_EVERY_MS);
  try {
    await work(lease, AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    // Whoever took over works on it by now, and knows better.
    if (!(error instanceof LeaseLostError) && !lost.signal.aborted) throw error;
    deps.log.warn({ lease: key }, 'lease lost');
  } finally {
    clearInterval(renewal);
    await deps.leases
      .release(lease)
      .catch((err: unknown) => deps.log.warn({ err, lease: key }, 'lease not released'));
  }
  return true;
}
