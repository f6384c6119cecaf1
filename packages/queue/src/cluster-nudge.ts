import type { Queue } from 'bullmq';
import { makePayload } from './catalog.ts';

/**
 * Asks for a look at a cluster, now or later. Two identities keep the wishes apart:
 * - `now-<cluster>`   runs; at most one active and one waiting. A nudge during a run causes one more.
 * - `later-<cluster>` a delayed job that does nothing but ask for `now` when it is due. The earliest wish stands.
 *
 * With one identity for both, the follow-up that every run asks for (delayed) would replace an immediate wish
 * that came during the run, because BullMQ keeps only the last one.
 */
export async function clusterNudge(queue: Queue, name: string, delayMs: number): Promise<void> {
  if (delayMs <= 0) {
    await queue.add('cluster', makePayload(name), {
      deduplication: { id: `now-${name}`, keepLastIfActive: true },
    });
    return;
  }
  const id = `later-${name}`;
  const replace = await isEarlier(queue, id, delayMs);
  await queue.add('cluster-later', makePayload(name), {
    delay: delayMs,
    deduplication: { id, keepLastIfActive: true, replace },
  });
}

/**
 * Whether the wish is due before the one that waits. Two askers at the same moment may both move it, and the
 * later one wins: a look comes late by the difference of their wishes, which the sweep bounds.
 */
async function isEarlier(queue: Queue, id: string, delayMs: number): Promise<boolean> {
  const waitingId = await queue.getDeduplicationJobId(id);
  const waiting = waitingId ? await queue.getJob(waitingId) : undefined;
  return waiting !== undefined && Date.now() + delayMs < waiting.timestamp + waiting.delay;
}
