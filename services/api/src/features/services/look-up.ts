import type { ServiceWithJobs } from '@wakefield/control';
import {
  type ClusterName,
  type Command,
  decideCommand,
  type ProjectName,
  type ServiceId,
} from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';

export type LookUpDeps = Pick<ApiDeps, 'services' | 'commands' | 'projects'>;

/**
 * As `ServiceStore.lookUp`; and where there is none yet, what a start that was accepted under this uuid will make of it:
 * whoever was told the uuid can look at it from then on.
 */
export async function lookUp(
  deps: LookUpDeps,
  id: ServiceId,
  projects: readonly ProjectName[] | null,
  cluster: ClusterName | null,
): Promise<readonly ServiceWithJobs[]> {
  const found = await deps.services.lookUp(id, projects, cluster);
  if (found.length > 0) return found;
  const command = await deps.commands.get(id);
  if (command?.body.kind !== 'startService' || projects?.includes(command.project) === false)
    return [];
  // Applied since it was looked for; or long ago, and its service is over and forgotten.
  if (command.outcome !== null) return await deps.services.lookUp(id, projects, cluster);
  const accepted = await serviceOf(deps, command);
  return accepted === null || (cluster ?? accepted.service.cluster) !== accepted.service.cluster
    ? []
    : [accepted];
}

/** null: it is going to be rejected. */
async function serviceOf(
  { projects }: Pick<LookUpDeps, 'projects'>,
  command: Command,
): Promise<ServiceWithJobs | null> {
  const { service } = decideCommand(
    {
      ...{ command, project: await projects.get(command.project) },
      ...{ model: null, liveJobs: [], service: null },
    },
    { now: command.acceptedAt, newModelId: command.id, defaultCluster: null },
  );
  if (service === undefined) return null;
  const status = { state: 'pending', reason: null, because: [], clusterJobId: null } as const;
  return { service: { ...service, ...status }, jobs: [] };
}
