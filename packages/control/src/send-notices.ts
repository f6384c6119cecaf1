import type { DurationMs, ServiceId } from '@wakefield/domain';
import type { Clock } from './ports/cluster.ts';
import type { Log } from './ports/observability.ts';
import type { NoticeStore, WaitingNotice } from './ports/stores.ts';
import type { Webhook } from './ports/webhook.ts';
import { type WithLeaseDeps, withLease } from './with-lease.ts';

export interface SendNoticesDeps extends WithLeaseDeps {
  readonly notices: Pick<NoticeStore, 'listWaiting' | 'putOff' | 'settle'>;
  /** null: nobody is told. */
  readonly webhook: Webhook | null;
  readonly clock: Clock;
  readonly log: Log;
}

const second = 1_000;
const minute = 60 * second;

/** Wait after the n-th try that failed; the last one repeats. Close together at first: an ending is near. */
const BACKOFF_MS: readonly DurationMs[] = [
  ...[5 * second, 15 * second, 30 * second, minute, 2 * minute],
  ...[5 * minute, 5 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute],
];
/** Whoever has not taken it by then is not told any more. */
export const GIVE_UP_AFTER_MS = 24 * 60 * minute;
/** More than a service has to tell in a day, unless it is kept and fails all the time. */
const AT_ONCE = 100;

/**
 * Tells what is to be told of one service, once any of it is due: all of it, oldest first, so that what could not be told
 * for a while comes in its order. One that is not taken keeps no other from being told. Whoever finds the lease taken
 * leaves it at that: what is still due afterwards is found by the sweep.
 */
export async function sendNotices(
  deps: SendNoticesDeps,
  serviceId: ServiceId,
  signal: AbortSignal,
): Promise<void> {
  const { webhook, notices, clock } = deps;
  if (webhook === null) return;
  await withLease(deps, `notices:${serviceId}`, signal, async (_lease, held) => {
    const waiting = await notices.listWaiting(serviceId, AT_ONCE);
    if (!waiting.some(({ nextTryAt }) => nextTryAt <= clock.now())) return;
    for (const notice of waiting) {
      if (held.aborted) return;
      await sendOne(deps, webhook, notice, held);
    }
  });
}

async function sendOne(
  { notices, clock, log }: SendNoticesDeps,
  webhook: Webhook,
  notice: WaitingNotice,
  signal: AbortSignal,
): Promise<void> {
  const { serviceId, kind, at, tries } = notice;
  const problem = await webhook.send(notice, signal);
  const now = clock.now();
  const fields = { serviceId, kind, project: notice.facts.project, tries: tries + 1 };
  if (problem === null) {
    await notices.settle(notice, 'delivered', now);
    log.info(fields, 'notice delivered');
  } else if (signal.aborted) {
    // Nobody knows whether it was taken: still due, for whoever goes on.
    log.info(fields, 'notice cut short');
  } else if (now - at >= GIVE_UP_AFTER_MS) {
    await notices.settle(notice, 'given_up', now);
    log.error({ ...fields, problem }, 'notice given up');
  } else {
    const wait = BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)] ?? minute;
    await notices.putOff(notice, now + wait);
    log.warn({ ...fields, problem }, 'notice not delivered; it is tried again');
  }
}
