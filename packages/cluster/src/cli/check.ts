import type { RecipeCatalog } from '@wakefield/control';
import type { ClusterConfig } from '../config/load-clusters.ts';
import type { LocalConfig } from '../config/local.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { createDriver } from '../create-driver.ts';
import { launchProfile } from '../local/profile.ts';
import { createSshConnection } from '../ssh/connection.ts';
import { checkHeappe } from './check-heappe.ts';
import { checkJob } from './check-job.ts';
import { checkLogin } from './check-login.ts';
import { checkPartitions } from './check-partitions.ts';
import { checkQueue } from './check-queue.ts';
import { checkSetup } from './check-setup.ts';
import { checkTransport } from './check-transport.ts';
import { bad, type Finding, formatFinding, good, messageOf, type Terminal } from './terminal.ts';

export interface CheckOptions {
  readonly recipes: RecipeCatalog;
  readonly installation: string;
  /** Tried besides those of the configuration. */
  readonly projects: readonly string[];
  /** Run one small real job, too. */
  readonly submit: boolean;
  readonly waitMs: number;
}

/**
 * Tries everything that the configuration of a cluster says, step by step.
 * @returns exit status: 0 when nothing was bad
 */
export async function check(
  config: ClusterConfig,
  terminal: Terminal,
  options: CheckOptions,
): Promise<number> {
  const steps = stepsFor(config, options);
  let worst = 0;
  let step = await steps.next();
  while (step.done !== true) {
    terminal.print(formatFinding(step.value));
    if (step.value.kind === 'bad') worst = 1;
    step = await steps.next();
  }
  terminal.print(
    worst === 0 ? verdict(config.name, step.value) : `${config.name} is not usable yet.`,
  );
  return worst;
}

function stepsFor(config: ClusterConfig, options: CheckOptions): AsyncGenerator<Finding, Tried> {
  switch (config.kind) {
    case 'local':
      return checkLocal(config, options);
    case 'heappe':
      return checkHeappe(config, options);
    case 'slurm-ssh':
      return checkSlurm(config, options);
  }
}

/** How far it came. */
export type Tried =
  | { readonly all: true }
  | {
      readonly all: false;
      /** null: nobody named one. */
      readonly project: string | null;
      /** The small job was submitted, and waits. */
      readonly waits: boolean;
    };

/** Nothing was wrong; but what was not tried is not said to work. */
function verdict(name: string, tried: Tried): string {
  if (tried.all) return `${name} is usable.`;
  const { project, waits } = tried;
  const further = `npm run cluster -- check ${name} --project ${project ?? 'PROJECT'} --submit`;
  if (project === null)
    return `${name} is not fully tried: whether it takes jobs shows only with a project (an accounting string):\n  ${further}`;
  return waits
    ? `${name} is not fully tried: the small job still waited. At a better time, or with more patience:\n  ${further} --wait 1200`
    : `${name} is usable as far as it shows without a job. A small one tries the rest:\n  ${further}`;
}

/** Those that were asked for first. */
function projectsToTry(config: SlurmSshConfig, { projects }: CheckOptions): readonly string[] {
  return [...new Set([...projects, ...Object.keys(config.projects)])];
}

async function* checkSlurm(
  config: SlurmSshConfig,
  options: CheckOptions,
): AsyncGenerator<Finding, Tried> {
  const projects = projectsToTry(config, options);
  const [project = null] = projects;
  const untried = { all: false, project, waits: false } as const;
  yield* checkSetup(config, options.recipes);
  const now = () => Date.now();
  const connection = createSshConnection(config, {
    connectTimeoutMs: config.timeouts.connect,
    now,
    random: Math.random,
  });
  let seen: ReadonlyMap<string, string> | null;
  try {
    seen = yield* checkLogin(config, connection, now);
  } finally {
    await connection.close();
  }
  if (seen === null) return untried;
  const driver = createDriver(config, { installation: options.installation });
  try {
    yield* checkQueue(config, driver, projects);
    // What a project's job was asked for is the better answer.
    if (project === null) yield* checkPartitions(config, seen.get('sinfo') ?? '');
    yield await checkTransport(config, driver.transport);
    if (!options.submit || project === null) return untried;
    const ran = yield* checkJob(config, driver, {
      project,
      withinMs: options.waitMs,
      now,
    });
    return ran ? { all: true } : { ...untried, waits: true };
  } finally {
    await driver.close();
  }
}

async function* checkLocal(
  config: LocalConfig,
  options: CheckOptions,
): AsyncGenerator<Finding, Tried> {
  const driver = createDriver(config, { installation: options.installation });
  try {
    await driver.accepts('check', AbortSignal.timeout(10_000));
    yield good('directory', launchProfile(config).jobsDirectory);
  } catch (error) {
    yield bad('directory', messageOf(error), 'name a directory that this user may write');
  } finally {
    await driver.close();
  }
  return { all: true };
}
