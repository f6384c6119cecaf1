import type { Queue } from 'bullmq';
import { makePayload } from './catalog.ts';

/** A thing that is looked at now or later. `name` is the job that looks; `<name>-later` is the one that waits. */
export interface LookKind {
  readonly name: 'cluster' | 'model' | 'service';
  /** BullMQ's deduplication ids of the two wishes for one thing. */
  readonly idNow: (id: string) => string;
  readonly idLater: (id: string) => string;
}

export const clusterLook: LookKind = {
  name: 'cluster',
  idNow: (id) => `now-${id}`,
  idLater: (id) => `later-${id}`,
};

export const modelLook: LookKind = {
  name: 'model',
  idNow: (id) => id,
  idLater: (id) => `later-${id}`,
};

export const serviceLook: LookKind = {
  name: 'service',
  idNow: (id) => id,
  idLater: (id) => `later-${id}`,
};

/**
 * Asks for a look at once. At most one runs and one waits; a wish during a run causes one more (`keepLastIfActive`).
 *
 * Looks now and later have an identity each. With one for both, the follow-up that every run asks for (delayed)
 * would replace an immediate wish that came during the run, because BullMQ keeps only the last one.
 */
export async function lookNow(
  queue: Queue,
  kind: LookKind,
  id: string,
  traceId?: string,
): Promise<void> {
  await queue.add(kind.name, makePayload(id, traceId), {
    deduplication: { id: kind.idNow(id), keepLastIfActive: true },
  });
}

/**
 * Asks for a look in `delayMs`: a delayed job that does nothing but ask for one at once when it is due. There is
 * never more than one per thing, and the earliest wish stands.
 */
export async function lookLater(
  queue: Queue,
  kind: LookKind,
  id: string,
  delayMs: number,
): Promise<void> {
  if (delayMs <= 0) return await lookNow(queue, kind, id);
  const deduplicationId = kind.idLater(id);
  const replace = await isEarlier(queue, deduplicationId, delayMs);
  await queue.add(`${kind.name}-later`, makePayload(id), {
    delay: delayMs,
    deduplication: { id: deduplicationId, keepLastIfActive: true, replace },
    removeOnComplete: true,
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
