import { ClusterError, type JobRequest, type JobSubmission } from '@wakefield/control';
import type { HeappeConfig } from '../config/heappe.ts';
import { taskName } from './cluster-job.ts';
import type { Features } from './features.ts';
import { launcherFiles } from './launcher.ts';
import type { Place } from './place.ts';
import { templateOf } from './settings-of.ts';

/** The one parameter of our templates; no identifier may contain another's. */
export const PARAMETER = 'wakefield';

/** What `CreateJob` is given. The names of files are those that the launcher and the job's script write. */
export function jobSpecification(
  config: HeappeConfig,
  job: JobSubmission,
  place: Place,
  features: Features,
): Readonly<Record<string, unknown>> {
  return {
    Name: job.name,
    ProjectId: place.projectId,
    WaitingLimit: 0,
    ClusterId: place.clusterId,
    FileTransferMethodId: place.fileTransferMethodId,
    IsExtraLong: false,
    EnvironmentVariables: [],
    Tasks: [
      {
        Name: taskName(job.walltimeSeconds),
        ...coresOf(config, job, place),
        WalltimeLimit: job.walltimeSeconds,
        Priority: 4,
        IsExclusive: false,
        IsRerunnable: false,
        StandardOutputFile: launcherFiles.output,
        StandardErrorFile: launcherFiles.errors,
        ProgressFile: launcherFiles.report,
        LogFile: 'log',
        ClusterNodeTypeId: place.nodeType.Id,
        CommandTemplateId: templateIdOf(config, job, place),
        RequiredNodes: [],
        [features.parallelizationField]: [],
        EnvironmentVariables: [],
        DependsOn: [],
        TemplateParameterValues: [
          { CommandParameterIdentifier: PARAMETER, ParameterValue: launcherFiles.launcher },
        ],
      },
    ],
  };
}

function templateIdOf(
  config: HeappeConfig,
  { engine, project }: JobSubmission,
  place: Place,
): number {
  const name = templateOf(config, engine);
  const id = place.templates.get(name);
  if (id !== undefined) return id;
  throw new ClusterError(
    'refused',
    `project ${project} has no enabled command template ${name} on node type ${place.nodeType.Name}: activate the project (POST /p)`,
  );
}

/** How a node type counts (SchedulerAdapters/Slurm: `GPU` or `ACN` in AllocationType gives `--gpus=MaxCores`). */
type Counting = 'nodes' | 'gpus' | 'gpus-anywhere';

function countingOf({ nodeType }: Pick<Place, 'nodeType'>): Counting {
  const type = nodeType.ClusterNodeTypeAggregation?.AllocationType ?? '';
  if (!/GPU|ACN/.test(type)) return 'nodes';
  return /partial-allocation/i.test(type) ? 'gpus-anywhere' : 'gpus';
}

/**
 * MaxCores counts GPUs where the node type says so, else cores of whole nodes; HEAppE makes the nodes of it by itself,
 * rounding up by CoresPerNode.
 * @throws ClusterError refused, for a shape that cannot be said so
 */
function coresOf(config: HeappeConfig, job: JobRequest, place: Place) {
  const counting = countingOf(place);
  const perNode = place.nodeType.CoresPerNode ?? 1;
  if (counting === 'nodes') {
    const cores = nodesOf(config, job, place) * perNode;
    return { MinCores: cores, MaxCores: cores };
  }
  const nodes = Math.ceil(job.gpuCount / perNode);
  if (counting === 'gpus' && job.gpuCount === 0)
    throw new ClusterError(
      'refused',
      `node type ${place.nodeType.Name} counts GPUs: a job there has to ask for one at least`,
    );
  if (counting === 'gpus' && nodes !== job.nodes)
    throw new ClusterError(
      'refused',
      `node type ${place.nodeType.Name} gives ${perNode} GPUs a node: ${job.gpuCount} GPUs are on ${nodes} of them, not on ${job.nodes}`,
    );
  return { MinCores: job.gpuCount, MaxCores: job.gpuCount };
}

/** Nodes of a job, as HEAppE will ask for them. */
export function nodesOf(config: HeappeConfig, job: JobRequest, place: Place): number {
  const perNode =
    countingOf(place) === 'nodes' ? config.gpusPerNode : (place.nodeType.CoresPerNode ?? 1);
  return Math.max(job.nodes, Math.ceil(job.gpuCount / perNode));
}

/** @throws ClusterError refused, for what the configuration, the node type or HEAppE itself does not allow */
export function checkRequest(config: HeappeConfig, job: JobRequest, place: Place): void {
  const refuse = (words: string) => new ClusterError('refused', words);
  if (job.cpus !== null || job.memory !== null)
    throw refuse(
      `jobs of cluster ${config.name} cannot ask for CPUs or memory, as HEAppE has no field for them: set them for all in template.allocation of clusters.yaml`,
    );
  const { walltime, gpusPerJob } = config.limits;
  if (gpusPerJob !== null && job.gpuCount > gpusPerJob)
    throw refuse(
      `at most ${gpusPerJob} GPUs a job on cluster ${config.name}; ${job.gpuCount} were asked for`,
    );
  const most = Math.min(
    walltime === null ? Infinity : walltime / 1000,
    place.nodeType.MaxWalltime ?? Infinity,
  );
  if (job.walltimeSeconds > most)
    throw refuse(
      `a walltime of at most ${most} seconds is allowed on node type ${place.nodeType.Name}`,
    );
}
