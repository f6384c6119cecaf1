import type { RequestRecord } from '../requests/ask.ts';

/** `kill` happens at once, `stop` lasts for a while. */
export type FaultKind = 'kill' | 'stop';

/**
 * What a fault may cost chats.
 * - `its streams`: those in the middle of their answer, of the very engines that were hit
 * - `all streams`: those in the middle of their answer
 * - `its connections`: whatever ran through the process that was hit
 */
export type Cost = 'nothing' | 'its streams' | 'all streams' | 'its connections';

/**
 * What the management API may refuse, because what it stands on is away: everything, or the changes that the
 * process that was hit had taken on. Whoever says it again is heard.
 */
export type Refusal = 'nothing' | 'its changes' | 'everything';

/** A fault as it happened; epoch milliseconds. */
export interface Strike {
  readonly plug: string;
  readonly kind: FaultKind;
  readonly cost: Cost;
  readonly refuses: Refusal;
  readonly struckAt: number;
  readonly overAt: number;
  /** Processes that were hit. */
  readonly pids: readonly number[];
  /** Ids of the jobs whose engines were hit. */
  readonly jobs: readonly string[];
}

/** Which proxy wrote a request down, and which job's engine it had asked last. */
export interface Served {
  readonly pid: number;
  readonly jobId: string | null;
}

/** By request id; who is killed writes nothing. */
export type ServedBy = ReadonlyMap<string, Served>;

/** Between a signal and what it does, on a busy machine. */
const slackMs = 500;
/** Who dies is missed at once: the kernel closes what it had open. */
const missedWithinMs = 3_000;
/** So long after it is back, somebody may still be told that a store is away. */
const backWithinMs = 10_000;

/** Whether the promise allows that a request failed, for this fault. */
export function isAllowed(record: RequestRecord, strike: Strike, servedBy: ServedBy): boolean {
  if (record.endedAt < strike.struckAt) return false;
  const served = servedBy.get(record.id) ?? null;
  if (strike.cost === 'its connections' && isItsConnection(record, strike, served)) return true;
  if (record.way === 'look' || record.way === 'change') return isRefused(record, strike);
  if (strike.cost === 'all streams') return isCut(record, strike);
  return (
    strike.cost === 'its streams' &&
    isCut(record, strike) &&
    strike.jobs.includes(served?.jobId ?? '')
  );
}

/** Whose fault it is that a request failed: the fault's, in words, or null, which is ours. */
export function blame(
  record: RequestRecord,
  strikes: readonly Strike[],
  servedBy: ServedBy,
): string | null {
  const culprit = strikes.find((strike) => isAllowed(record, strike, servedBy));
  return culprit === undefined ? null : `${culprit.cost} of ${culprit.plug}`;
}

/** Its client had seen a part of it, which nobody can send again, and it ended then. */
function isCut({ way, status, answeredAt, endedAt }: RequestRecord, strike: Strike): boolean {
  return (
    way === 'stream' &&
    status === 200 &&
    answeredAt !== null &&
    answeredAt <= strike.struckAt + slackMs &&
    endedAt <= strike.struckAt + missedWithinMs
  );
}

/** The connection itself broke, and no other proxy had it. */
function isItsConnection(
  { status, dueAt, endedAt }: RequestRecord,
  { struckAt, pids }: Strike,
  served: Served | null,
): boolean {
  return (
    (status === 0 || status === 200) &&
    dueAt <= struckAt + slackMs &&
    endedAt <= struckAt + missedWithinMs &&
    (served === null || pids.includes(served.pid))
  );
}

function isRefused(record: RequestRecord, { refuses, struckAt, overAt }: Strike): boolean {
  const { way, status, dueAt, endedAt } = record;
  if (refuses === 'everything') return status === 503 && endedAt <= overAt + backWithinMs;
  return (
    refuses === 'its changes' &&
    way === 'change' &&
    status === 502 &&
    dueAt <= struckAt + slackMs &&
    endedAt <= struckAt + missedWithinMs
  );
}
