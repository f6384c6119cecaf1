import type { ClusterReachability, DurationMs, EpochMs, Silence } from '@wakefield/domain';
import type { ClusterDriver, ClusterError } from './ports/cluster.ts';

/** The planned look is late by the sweep, or by the lease of a scheduler that died; what is later was left out. */
const LATE_MS = 30_000;

/**
 * What one more look that failed makes of a cluster's silence. Time in which nobody looked does not count, and looks
 * before it do not either: its engines were not asked for signs of life meanwhile.
 * @param startedAt when this look began
 * @param now when it had failed
 */
export function silenceAfter(
  before: (ClusterReachability & { readonly nextLookAt: EpochMs | null }) | undefined,
  { patienceMs }: ClusterDriver['cadence'],
  startedAt: EpochMs,
  now: EpochMs,
): Silence {
  // What an older scheduler writes of a cluster that answers leaves the silence before it as it was.
  if (before === undefined || before.reachable || before.silence === null)
    return { since: now, looks: 1 };
  const { since, looks } = before.silence;
  const unwatchedMs = startedAt - (before.nextLookAt ?? startedAt);
  if (unwatchedMs <= patienceMs + LATE_MS) return { since, looks: looks + 1 };
  return { since: since + unwatchedMs, looks: 1 };
}

/** With what the look itself takes, a cluster is found back within ten seconds however long it was silent. */
const FOUND_BACK_WITHIN_MS = 8_000;

/**
 * When to look again at a cluster that does not answer: soon at first, because most silences are short and jobs and
 * people wait for their end; each time a little later. Where a person has to act, and where a site locks out those who
 * knock too often, there is no hurry.
 * @param looks those in a row that failed, from 1
 */
export function lookAfterFailure(
  looks: number,
  kind: ClusterError['kind'],
  { busyMs, quietMs }: ClusterDriver['cadence'],
): DurationMs {
  if (kind === 'misconfigured') return quietMs;
  return Math.min(quietMs, busyMs * looks, Math.max(busyMs, FOUND_BACK_WITHIN_MS));
}
