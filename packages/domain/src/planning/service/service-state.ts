import { isLeaving, isLive, type Job } from '../../vocabulary/job.ts';
import type { Service, ServiceState } from '../../vocabulary/service.ts';

/** The first of them that a job of the service is in. */
const order = ['running', 'starting', 'building', 'pending'] as const;

/**
 * What people are told of a service, by its jobs.
 * @param gaveUp whether no job is started for it any more because too many failed
 */
export function stateOf(
  { spec, stopRequested }: Pick<Service, 'spec' | 'stopRequested'>,
  jobs: readonly Job[],
  gaveUp: boolean,
): ServiceState {
  const live = jobs.filter(isLive);
  if (stopRequested) return live.length > 0 ? 'stopping' : 'stopped';
  const staying = live.filter((job) => !isLeaving(job)).map(stateOfJob);
  const furthest = order.find((state) => staying.includes(state));
  if (furthest !== undefined) return furthest;
  // One that drains while its successor is late still answers those whom it has.
  if (live.length > 0) return spec.keep ? 'pending' : 'stopping';
  if (gaveUp) return 'failed';
  const last = jobs.toSorted((a, b) => b.seq - a.seq)[0];
  return spec.keep || last === undefined ? 'pending' : stateAfter(last);
}

function stateOfJob({ phase, building }: Job): (typeof order)[number] {
  if (phase === 'ready') return 'running';
  if (phase !== 'starting') return 'pending';
  return building ? 'building' : 'starting';
}

function stateAfter({ outcome, readyAt }: Job): ServiceState {
  switch (outcome) {
    case 'no_room':
      return 'pending';
    case 'timeout':
      // It was there for its time, or it never answered anybody.
      return readyAt === null ? 'failed' : 'completed';
    case 'as_asked':
    case 'cancelled':
      return 'stopped';
    default:
      return 'failed';
  }
}

/** States after which nothing follows any more. */
export const overStates = [
  'stopped',
  'completed',
  'failed',
] as const satisfies readonly ServiceState[];

/** Whether nothing follows any more. */
export function isOver(state: ServiceState): boolean {
  return (overStates as readonly ServiceState[]).includes(state);
}
