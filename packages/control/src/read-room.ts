import {
  type ClusterName,
  clustersOf,
  isLimited,
  type Job,
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
 * How many more jobs of a model its clusters may get by their configured limits. Asked for a plan that starts some, and
 * for a model that serves and may choose: where its next job would wait tells when that has to be submitted.
 * @returns null when neither is so, or no limit is configured where the model may run: nothing was asked
 */
export async function readRoom(
  { drivers, jobs }: ReadRoomDeps,
  model: Model,
  known: readonly Job[],
  { actions }: Pick<Plan, 'actions'>,
): Promise<Readonly<Record<ClusterName, Room>> | null> {
  const names = clustersOf(model);
  const chooses = names.length > 1 && known.some(({ phase }) => phase === 'ready');
  if (!chooses && !actions.some(({ kind }) => kind === 'intend')) return null;
  const { project, spec } = model;
  const found: Record<ClusterName, Room> = {};
  for (const name of names) {
    const limits = drivers.get(name)?.limits(project);
    if (limits === undefined || !isLimited(limits)) continue;
    const use = await jobs.countUse(name, project);
    const room = roomFor({ cluster: name, project }, limits, use, spec.gpuCount);
    if (room !== null) found[name] = room;
  }
  return Object.keys(found).length === 0 ? null : found;
}
