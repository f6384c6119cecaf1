import {
  type ClusterName,
  clustersOf,
  isLimited,
  type Model,
  type Plan,
  type Room,
  roomFor,
} from '@wakefield/domain';
import type { Drivers } from './ports/cluster.ts';
import type { JobStore } from './ports/stores.ts';

export interface ReadRoomDeps {
  readonly drivers: Drivers;
  readonly jobs: Pick<JobStore, 'countUse'>;
}

/**
 * How many more jobs of a model its clusters may get by their configured limits.
 * @returns null when the plan starts no job, or no limit is configured where the model may run: nothing was asked
 */
export async function readRoom(
  { drivers, jobs }: ReadRoomDeps,
  model: Model,
  { actions }: Pick<Plan, 'actions'>,
): Promise<Readonly<Record<ClusterName, Room>> | null> {
  if (!actions.some(({ kind }) => kind === 'intend')) return null;
  const { project, spec } = model;
  const found: Record<ClusterName, Room> = {};
  for (const name of clustersOf(model)) {
    const limits = drivers.get(name)?.limits(project);
    if (limits === undefined || !isLimited(limits)) continue;
    const use = await jobs.countUse(name, project);
    const room = roomFor({ cluster: name, project }, limits, use, spec.gpuCount);
    if (room !== null) found[name] = room;
  }
  return Object.keys(found).length === 0 ? null : found;
}
