import { sendSignal } from '@wakefield/local-stack';
import type { StoreWindow } from '@wakefield/testkit';
import { eventually, pause } from './wakefield.ts';

/** A scheduler that stands still, and one of the leases it holds. */
export interface StoppedHolder {
  readonly pid: number;
  readonly key: string;
  readonly holder: string;
  /** Epoch milliseconds. */
  readonly sinceAt: number;
}

/** Stops one of these processes at a moment at which it holds the lease of a model or a cluster. */
export async function stoppedWithLease(
  stores: Pick<StoreWindow, 'rows'>,
  pids: readonly number[],
  withinMs: number,
): Promise<StoppedHolder> {
  const held = async () => {
    // A busy machine may let a connection wait for longer than it has patience.
    const rows = await stores
      .rows(
        `select key, holder from leases
         where expires_at > clock_timestamp() and (key like 'cluster:%' or key like 'model:%')`,
      )
      .catch(() => []);
    return rows.map(({ key, holder }) => ({
      key: String(key),
      holder: String(holder),
      pid: Number(/:(\d+):[^:]*$/.exec(String(holder))?.[1]),
    }));
  };
  return await eventually(
    'a scheduler to hold a lease',
    async () => {
      const pid = (await held()).map((lease) => lease.pid).find((one) => pids.includes(one));
      if (pid === undefined) return null;
      const sinceAt = Date.now();
      sendSignal(pid, 'SIGSTOP');
      // A release may have been under way.
      await pause(50);
      const lease = (await held()).find((one) => one.pid === pid);
      if (lease === undefined) sendSignal(pid, 'SIGCONT');
      return lease === undefined ? null : { ...lease, sinceAt };
    },
    withinMs,
  );
}
