import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterError, type RecipeCatalog } from '@wakefield/control';
import {
  type CallersPlace,
  clustersFilePath,
  clustersInUsePath,
  installationOf,
} from '../config/clusters-path.ts';
import { type ClusterConfig, ClustersFileError } from '../config/load-clusters.ts';
import { check } from './check.ts';
import { type FoundCluster, findCluster, nameClusters, noSuchCluster } from './find-cluster.ts';
import { renderForReading } from './render.ts';
import type { Terminal } from './terminal.ts';
import { trust } from './trust.ts';

export interface CliOptions extends CallersPlace {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly recipes: RecipeCatalog;
}

const usage = `npm run cluster -- COMMAND NAME [options]

  check          read the file and name its clusters
  check NAME     try every setting of the cluster, step by step; submits nothing
    --project P    a project to try, besides those of the file (may be repeated)
    --submit       run one small real job, too: shared directory, set-up lines, way to a node
    --wait 120     seconds to wait for that job to start
  trust NAME     show the ssh server's key and pin it in the file
    --yes          do not ask about a first key
    --replace SHA256:…  the new key, where another one is pinned (once for each server)
  render NAME    print the sbatch call and the job script of a model; submits nothing
    --model M  --engine vllm  --gpus 1  --walltime 3600  --project P

  --file F       clusters.yaml; else $WAKEFIELD_CLUSTERS, else $WAKEFIELD_DATA/clusters.yaml, as npm start.
                 slurm-dev and heappe-dev, which npm start makes, are known, too`;

const options = {
  file: { type: 'string' },
  project: { type: 'string', multiple: true, default: [] as string[] },
  submit: { type: 'boolean', default: false },
  wait: { type: 'string', default: '120' },
  yes: { type: 'boolean', default: false },
  replace: { type: 'string', multiple: true, default: [] as string[] },
  model: { type: 'string', default: 'Qwen/Qwen3-8B' },
  engine: { type: 'string', default: 'vllm' },
  gpus: { type: 'string', default: '1' },
  walltime: { type: 'string', default: '3600' },
  help: { type: 'boolean', default: false },
} as const;

/** @returns exit status: 0 well, 1 something is wrong with the cluster, 2 with the call */
export async function runClusterCli(cli: CliOptions): Promise<number> {
  try {
    return await dispatch(cli);
  } catch (error) {
    if (error instanceof UsageError) {
      cli.terminal.print(`${error.message}\n\n${usage}`);
      return 2;
    }
    if (!(error instanceof ClustersFileError) && !(error instanceof ClusterError)) throw error;
    cli.terminal.print(error.message);
    return 1;
  }
}

class UsageError extends Error {}

async function dispatch(cli: CliOptions): Promise<number> {
  const { values, positionals } = parse(cli.arguments);
  if (values.help) {
    cli.terminal.print(usage);
    return 0;
  }
  const [command, name, ...rest] = positionals;
  const path =
    values.file === undefined
      ? clustersFilePath(cli.environment, cli)
      : resolve(cli.workingDirectory, values.file);
  if (command === 'check' && name === undefined) return await nameClusters(path, cli.terminal);
  if (command === undefined || name === undefined || rest.length > 0)
    throw new UsageError('Say what to do, with which cluster.');
  const made = values.file === undefined ? clustersInUsePath(cli.environment, cli.root) : null;
  const found = await findCluster(path, made, name);
  if (found === null) throw new UsageError(await noSuchCluster(path, name));
  if (found.path === made) cli.terminal.print(`${name} stands in ${made}, which npm start made.`);
  return await run(command, found, cli, values);
}

async function run(
  command: string,
  { config, path }: FoundCluster,
  cli: CliOptions,
  values: Values,
): Promise<number> {
  switch (command) {
    case 'check':
      if (values.submit && config.kind !== 'local' && noProject(config, values))
        throw new UsageError('--submit needs a project whose job it is: add --project P.');
      return await check(config, cli.terminal, {
        recipes: cli.recipes,
        installation: await installationOf(cli.environment, cli.root),
        projects: values.project,
        submit: values.submit,
        waitMs: positive(values.wait, 'wait') * 1000,
      });
    case 'trust':
      return await trust(config, path, cli.terminal, {
        agreed: values.yes,
        replacements: values.replace,
      });
    case 'render':
      return render(config, cli, values);
    default:
      throw new UsageError(`There is no command "${command}".`);
  }
}

function noProject({ projects }: Pick<ClusterConfig, 'projects'>, { project }: Values): boolean {
  return project.length === 0 && Object.keys(projects).length === 0;
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function render(config: ClusterConfig, cli: CliOptions, values: Values): number {
  if (config.kind === 'local') throw new UsageError(`${config.name} takes no batch scripts.`);
  if (!cli.recipes.has(values.engine))
    throw new UsageError(
      `There is no recipe "${values.engine}"; there are ${cli.recipes.names().join(', ')}.`,
    );
  const text = renderForReading(config, cli.recipes, {
    project: values.project[0] ?? Object.keys(config.projects)[0] ?? 'PROJECT',
    hfModelId: values.model,
    engine: values.engine,
    gpuCount: positive(values.gpus, 'gpus'),
    walltimeSeconds: positive(values.walltime, 'walltime'),
  });
  cli.terminal.print(text);
  return 0;
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--${option} takes a whole number above 0.`);
}
