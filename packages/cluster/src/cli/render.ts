import type { RecipeCatalog } from '@wakefield/control';
import { defaultRouting, jobName, type Model, noLimits, noTimeouts } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { launcherFiles } from '../heappe/launcher.ts';
import { launchProfile as heappeProfile } from '../heappe/profile.ts';
import { launchProfile } from '../slurm-ssh/profile.ts';
import { sbatchArguments } from '../slurm-ssh/submission.ts';

/** What to render a job for. */
export interface RenderRequest {
  readonly project: string;
  readonly hfModelId: string;
  readonly engine: string;
  readonly gpuCount: number;
  readonly walltimeSeconds: number;
}

const name = jobName('main', '00000000-0000-0000-0000-000000000000', 1);
const engineKey = '(32 random bytes)';

/** What a cluster would be given for a job. */
export function renderForReading(
  config: SlurmSshConfig | HeappeConfig,
  recipes: RecipeCatalog,
  request: RenderRequest,
): string {
  return config.kind === 'heappe'
    ? renderForHeappe(config, recipes, request)
    : renderForSbatch(config, recipes, request);
}

/** The script; how sbatch is called is HEAppE's. */
function renderForHeappe(
  config: HeappeConfig,
  recipes: RecipeCatalog,
  request: RenderRequest,
): string {
  const model = exampleModel(config.name, request);
  const profile = heappeProfile(config);
  const { script, secretFiles } = recipes.render({ model, name, engineKey, profile });
  const beside = [launcherFiles.launcher, ...Object.keys(secretFiles)];
  return [
    `# By ${config.url}, in the directory of the job's task, called by ${launcherFiles.launcher}.`,
    `# Files beside it, for the user alone: ${beside.join(', ')}`,
    `# Script, as ${launcherFiles.script}:`,
    script,
  ].join('\n');
}

/** The call of sbatch, in a form that a shell would take, and the script that it would get. */
function renderForSbatch(
  config: SlurmSshConfig,
  recipes: RecipeCatalog,
  request: RenderRequest,
): string {
  const model = exampleModel(config.name, request);
  const { script, secretFiles } = recipes.render({
    model,
    name,
    engineKey,
    profile: launchProfile(config),
  });
  const { gpuCount, walltimeSeconds, project } = request;
  const shape = { project, walltimeSeconds, gpuCount, ...model.spec.resources };
  const words = ['sbatch', '--parsable', ...sbatchArguments(config, { name, ...shape })];
  return [
    `# As ${config.user} on ${config.host}, in ${launchProfile(config).jobsDirectory}/${name}:`,
    words.map(shellWord).join(' \\\n  '),
    `# Files beside it, for the user alone: ${Object.keys(secretFiles).join(', ')}`,
    '# Script, on standard input:',
    script,
  ].join('\n');
}

/** Readable where nothing needs quotes. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function exampleModel(cluster: string, request: RenderRequest): Model {
  return {
    id: '00000000-0000-0000-0000-000000000000',
    project: request.project,
    cluster,
    spec: {
      hfModelId: request.hfModelId,
      engine: request.engine,
      gpuCount: request.gpuCount,
      walltimeSeconds: request.walltimeSeconds,
      walltimeRatio: 0.9,
      idleTimeoutSeconds: 600,
      autoscale: false,
      isRefreshing: true,
      cluster: null,
      otherClusters: [],
      minReplicas: 0,
      maxReplicas: 1,
      engineArgs: {},
      resources: { nodes: 1, cpus: null, memory: null },
      timeouts: noTimeouts,
      routing: defaultRouting,
      limits: noLimits,
    },
    revision: 1,
    generation: 1,
    traceId: '0'.repeat(32),
    registered: true,
    stopRequested: false,
    idle: false,
    replicas: 1,
    replicasChangedAt: null,
    surplusSince: null,
    lastWakeupAt: null,
    lastRequestAt: null,
    createdAt: 0,
    updatedAt: 0,
  };
}
