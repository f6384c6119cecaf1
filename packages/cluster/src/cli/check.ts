import type { RecipeCatalog } from '@wakefield/control';
import type { ClusterConfig } from '../config/load-clusters.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { createDriver } from '../create-driver.ts';
import { createSshConnection } from '../ssh/connection.ts';
import { checkJob } from './check-job.ts';
import { checkLogin } from './check-login.ts';
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
  const findings =
    config.kind === 'local' ? checkLocal(config, options) : checkSlurm(config, options);
  let worst = 0;
  for await (const finding of findings) {
    terminal.print(formatFinding(finding));
    if (finding.kind === 'bad') worst = 1;
  }
  terminal.print(worst === 0 ? `${config.name} is usable.` : `${config.name} is not usable yet.`);
  return worst;
}

async function* checkSlurm(config: SlurmSshConfig, options: CheckOptions): AsyncGenerator<Finding> {
  yield* checkSetup(config, options.recipes);
  const now = () => Date.now();
  const connection = createSshConnection(config, {
    connectTimeoutMs: config.timeouts.connect,
    now,
    random: Math.random,
  });
  try {
    for await (const finding of checkLogin(config, connection, now)) {
      yield finding;
      if (finding.kind === 'bad' && /^(login|programs)$/.test(finding.what)) return;
    }
  } finally {
    await connection.close();
  }
  const driver = createDriver(config, { installation: options.installation });
  try {
    const projects = [...new Set([...Object.keys(config.projects), ...options.projects])];
    yield* checkQueue(config, driver, projects);
    yield await checkTransport(config, driver.transport);
    const [project] = options.projects.length > 0 ? options.projects : projects;
    if (options.submit && project !== undefined)
      yield* checkJob(config, driver, {
        project,
        installation: options.installation,
        withinMs: options.waitMs,
        now,
      });
  } finally {
    await driver.close();
  }
}

async function* checkLocal(config: ClusterConfig, options: CheckOptions): AsyncGenerator<Finding> {
  const driver = createDriver(config, { installation: options.installation });
  try {
    await driver.accepts('check', AbortSignal.timeout(10_000));
    yield good('directory', driver.profile.jobsDirectory);
  } catch (error) {
    yield bad('directory', messageOf(error), 'name a directory that this user may write');
  } finally {
    await driver.close();
  }
}
