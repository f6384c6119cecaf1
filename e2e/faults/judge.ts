import type { RequestRecord } from './load.ts';
import type { Cost } from './plugs.ts';
import type { Cell, FaultReport, Moments } from './run-fault.ts';
import type { FaultKind } from './strike.ts';

/** What is said of one cell of the table. */
export interface Verdict {
  /** What must not have been; empty is good. */
  readonly problems: readonly string[];
  /** Answers that were cut, as the fault allows. */
  readonly cut: number;
  readonly requests: number;
}

/** State has to be right again so long after the end of a fault, without SLURM's queue and the engine's load. */
const convergeWithinMs = 10_000;

/** A frozen connection counts as lost after that (the keep-alive of the ssh connection, with room). */
const noticedWithinMs = 12_000;
/** Between a signal and what it does, on a busy machine. */
const slackMs = 500;

export function judge(cell: Cell, { plug, kind, moments }: FaultReport): Verdict {
  const failed = cell.requests.filter(({ status, whole }) => status !== 200 || !whole);
  const allowed = failed.filter((request) => isAllowed(request, plug.cost, kind, moments));
  const others = failed.filter((request) => !allowed.includes(request));
  return {
    problems: [...convergenceProblems(cell), ...summed(others, moments)],
    cut: allowed.length,
    requests: cell.requests.length,
  };
}

/** What convergence counts: without what is SLURM's and the engine's. null: it never came. */
export function ownMs({ convergence }: Cell): number | null {
  return convergence.totalMs === null ? null : convergence.totalMs - convergence.notOursMs;
}

function convergenceProblems(cell: Cell): readonly string[] {
  const { what, last } = cell.convergence;
  const ms = ownMs(cell);
  if (ms === null) return [`not ${what} after a minute: ${last}`];
  return ms > convergeWithinMs ? [`${what} after ${(ms / 1_000).toFixed(1)} s`] : [];
}

function isAllowed(request: RequestRecord, cost: Cost, kind: FaultKind, moments: Moments): boolean {
  const { struckAt } = moments;
  if (request.endedAt < struckAt) return false;
  switch (cost) {
    case 'nothing':
      return false;
    case 'streams':
      return (
        request.stream &&
        request.startedAt <= struckAt + (kind === 'stop' ? noticedWithinMs : slackMs)
      );
    case 'its own connections':
      return kind === 'kill' && request.startedAt <= struckAt + slackMs;
  }
}

/** One line for each way to fail. */
function summed(requests: readonly RequestRecord[], { struckAt }: Moments): readonly string[] {
  const ways = new Map<string, RequestRecord[]>();
  for (const request of requests) {
    const kind = request.stream ? 'stream' : 'plain';
    const way = `${kind} ${request.status} ${request.error ?? 'cut without a word'}`;
    ways.set(way, [...(ways.get(way) ?? []), request]);
  }
  return [...ways].map(([way, [first, ...more]]) => {
    const at = (((first?.startedAt ?? 0) - struckAt) / 1_000).toFixed(1);
    const till = (((first?.endedAt ?? 0) - struckAt) / 1_000).toFixed(1);
    return `${more.length + 1} × ${way} (first from ${at} to ${till} s)`;
  });
}
