import type { ClusterName, ProjectName } from '../../vocabulary/ids.ts';
import type { Action } from '../../vocabulary/plan.ts';
import type { Decision } from '../scene.ts';

/** Ceilings of one cluster's configuration on live jobs of this installation; null: none. */
export interface ClusterLimits {
  /** Of all projects together. */
  readonly jobs: number | null;
  /** Of the one project that is asked about. */
  readonly project: { readonly jobs: number | null; readonly gpus: number | null };
}

/** Live jobs on one cluster, as our own rows count them. */
export interface ClusterUse {
  readonly jobs: number;
  readonly project: { readonly jobs: number; readonly gpus: number };
}

/** How many more jobs of one model a cluster may get. */
export interface Room {
  readonly jobs: number;
  /** Why not more, for people. */
  readonly reason: string;
}

export function isLimited({ jobs, project }: ClusterLimits): boolean {
  return jobs !== null || project.jobs !== null || project.gpus !== null;
}

/**
 * The least of what each ceiling leaves. A job that is on its way out still counts: it holds its place.
 * @param gpuCount GPUs of one job of the model
 * @returns null where the configuration has no ceiling
 */
export function roomFor(
  { cluster, project }: { readonly cluster: ClusterName; readonly project: ProjectName },
  limits: ClusterLimits,
  use: ClusterUse,
  gpuCount: number,
): Room | null {
  const left = (limit: number | null, used: number, each: number) =>
    limit === null ? null : Math.max(0, Math.floor((limit - used) / each));
  const where = `cluster ${cluster}, the limit that is configured there`;
  const rooms: readonly { readonly jobs: number | null; readonly reason: string }[] = [
    {
      jobs: left(limits.project.jobs, use.project.jobs, 1),
      reason: `Project ${project} has ${use.project.jobs} of ${limits.project.jobs} jobs on ${where} for it.`,
    },
    {
      jobs: left(limits.project.gpus, use.project.gpus, gpuCount),
      reason: `Project ${project} has ${use.project.gpus} of ${limits.project.gpus} GPUs on ${where} for it, and a job of this model takes ${gpuCount}.`,
    },
    {
      jobs: left(limits.jobs, use.jobs, 1),
      reason: `All projects together have ${use.jobs} of ${limits.jobs} jobs on ${where}.`,
    },
  ];
  return rooms.reduce<Room | null>(
    (least, { jobs, reason }) =>
      jobs === null || (least !== null && least.jobs <= jobs) ? least : { jobs, reason },
    null,
  );
}

/** What of a plan's new jobs may be started, and what people are told of the others. */
export interface Fit extends Decision {
  readonly reason: string | null;
}

/** Keeps new jobs within the room that their clusters have; first come. Unknown room is none to keep to. */
export function keepWithinRoom(
  actions: readonly Action[],
  room: Readonly<Record<ClusterName, Room>>,
): Fit {
  const started = new Map<ClusterName, number>();
  const fitting: Action[] = [];
  let dropped = 0;
  let reason: string | null = null;
  for (const action of actions) {
    if (action.kind !== 'intend') {
      fitting.push(action);
      continue;
    }
    const count = (started.get(action.cluster) ?? 0) + 1;
    const there = room[action.cluster];
    if (there !== undefined && count > there.jobs) {
      dropped += 1;
      reason ??= there.reason;
      continue;
    }
    started.set(action.cluster, count);
    // Numbers stay without gaps: the next row has the next one.
    fitting.push({ ...action, seq: action.seq - dropped });
  }
  return dropped === 0
    ? { actions, reason }
    : { actions: fitting, reason, because: ['no room under a configured limit: waits'] };
}
