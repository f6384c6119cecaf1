import { ClusterError } from '@wakefield/control';
import { defaultPolicy, endMargin, type ProjectName } from '@wakefield/domain';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';

/** What of a job goes into the arguments of sbatch. */
export interface JobShape {
  readonly project: ProjectName;
  readonly walltimeSeconds: number;
  /** Of the whole job. */
  readonly gpuCount: number;
  readonly nodes: number;
  readonly cpus: number | null;
  readonly memory: string | null;
}

/** What SLURM decides by which of its nodes a project's jobs wait for, as one comparable word. */
export function queueName(config: SlurmSshConfig, project: ProjectName): string {
  const pick = pickFor(config, project);
  const options = { ...config.defaults.options, ...config.projects[project]?.options };
  const words = [pick('partition'), pick('qos'), pick('constraint'), options.reservation];
  return words.map((word) => (typeof word === 'string' ? word : '')).join('/');
}

function pickFor({ projects, defaults }: SlurmSshConfig, name: ProjectName) {
  const project = projects[name];
  return (key: 'account' | 'partition' | 'qos' | 'constraint') =>
    project?.[key] !== undefined ? project[key] : defaults[key];
}

/** Arguments of sbatch(1) for what the job asks of the cluster: shape, account, partition and the site's own. */
export function requestArguments(config: SlurmSshConfig, shape: JobShape): readonly string[] {
  const project = config.projects[shape.project];
  const { defaults } = config;
  const pick = pickFor(config, shape.project);
  const account = pick('account');
  return [
    ...option('account', account === undefined ? shape.project : account),
    ...option('partition', pick('partition')),
    ...option('qos', pick('qos')),
    ...option('constraint', pick('constraint')),
    `--nodes=${shape.nodes}`,
    `--time=${formatWalltime(shape.walltimeSeconds)}`,
    ...gpuArguments(config.gpus, shape),
    ...option('cpus-per-task', shape.cpus === null ? null : String(shape.cpus)),
    ...option('mem', shape.memory),
    ...Object.entries({ ...defaults.options, ...project?.options }).flatMap(([name, value]) =>
      typeof value === 'string' ? [`--${name}=${value}`] : value === true ? [`--${name}`] : [],
    ),
  ];
}

function option(name: string, value: string | null | undefined): readonly string[] {
  return value === null || value === undefined ? [] : [`--${name}=${value}`];
}

function gpuArguments(
  { style, type }: SlurmSshConfig['gpus'],
  { gpuCount, nodes }: JobShape,
): readonly string[] {
  const typed = type === null ? '' : `${type}:`;
  const perNode = gpuCount / nodes;
  // SLURM would take `--gpus` however it comes; engines want the same number everywhere.
  if (!Number.isInteger(perNode))
    throw new ClusterError('refused', `${gpuCount} GPUs cannot be shared by ${nodes} nodes evenly`);
  switch (style) {
    case 'gres':
      return [`--gres=gpu:${typed}${perNode}`];
    case 'gpus':
      return [`--gpus=${typed}${gpuCount}`];
    case 'gpus-per-node':
      return [`--gpus-per-node=${typed}${perNode}`];
    case 'none':
      return [];
  }
}

/** SLURM may signal so much earlier than it is told to (sbatch(1), --signal). */
const SIGNAL_EARLY_MS = 60_000;

/** Arguments that every job of ours has, whatever it asks for. */
export function jobArguments(
  config: SlurmSshConfig,
  job: { readonly name: string; readonly directory: string; readonly walltimeSeconds: number },
): readonly string[] {
  const signalSeconds = Math.round(config.drainBeforeEnd / 1000);
  // The signal ends the service: never before the job is said to serve no more. Of a short life too much would be
  // lost, and with no scheduler about it would have no successor anyway.
  const signals =
    signalSeconds > 0 && signalSeconds * 1000 + SIGNAL_EARLY_MS <= endMargin(job, defaultPolicy);
  return [
    `--job-name=${job.name}`,
    `--comment=wakefield:${job.name}`,
    // A percent sign starts a pattern in this option.
    `--output=${job.directory.replaceAll('%', '%%')}/batch.log`,
    '--open-mode=append',
    // A requeued job would come back by itself on another node; whether there is another one is our decision.
    '--no-requeue',
    ...(signals ? [`--signal=B:USR1@${signalSeconds}`] : []),
  ];
}

/** `D-HH:MM:SS`; SLURM rounds up to minutes. */
export function formatWalltime(seconds: number): string {
  const part = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const clock = [(seconds % 86_400) / 3600, (seconds % 3600) / 60, seconds % 60].map(part);
  return `${Math.floor(seconds / 86_400)}-${clock.join(':')}`;
}

/**
 * The configuration's own ceilings.
 * @throws ClusterError refused, in words
 */
export function checkLimits(config: SlurmSshConfig, shape: JobShape): void {
  const { walltime, gpusPerJob } = config.limits;
  if (walltime !== null && shape.walltimeSeconds * 1000 > walltime)
    throw new ClusterError(
      'refused',
      `cluster ${config.name} takes jobs of at most ${walltime / 1000} s walltime, not ${shape.walltimeSeconds} s`,
    );
  if (gpusPerJob !== null && shape.gpuCount > gpusPerJob)
    throw new ClusterError(
      'refused',
      `cluster ${config.name} takes jobs of at most ${gpusPerJob} GPUs, not ${shape.gpuCount}`,
    );
}
