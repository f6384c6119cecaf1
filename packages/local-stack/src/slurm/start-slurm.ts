import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pollTrue } from '../process/poll.ts';
import { SetupError } from '../setup-error.ts';
import { claimDirectory } from './claim-directory.ts';
import { readHostKey, writeFiles } from './files.ts';
import { clusterName, MAX_NODES, removeAlias, type SlurmPorts } from './layout.ts';
import { defaults, type SlurmOptions } from './options.ts';
import { queueCommand } from './queue-command.ts';
import { createSlurmDaemons, type SlurmDaemons } from './slurm-daemons.ts';
import { endProcessesOf, processesOf } from './strays.ts';
import { installedTools, missingPackages, type SlurmTools } from './tools.ts';

const run = promisify(execFile);

export interface SlurmSsh {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  /** `type base64`, as clusters.yaml pins it. */
  readonly hostKey: string;
}

/** A running private SLURM. */
export interface PrivateSlurm {
  readonly directory: string;
  readonly version: string;
  readonly ssh: SlurmSsh;
  /** What a client on this machine needs to talk to it: PATH, HOME, USER, SLURM_CONF. */
  readonly environment: Readonly<Record<string, string>>;
  /** For a person's shell: shows the queue. */
  readonly queueCommand: string;
  readonly daemons: SlurmDaemons;
  /** Runs a client such as squeue against it. Rejects when it fails. */
  client(command: string, args: readonly string[]): Promise<string>;
  /** Waits until every node is idle or in use. */
  settled(): Promise<void>;
  /** Pids of batch scripts, their children and slurmstepd: all that outlives the daemons. */
  strays(): readonly number[];
  /** Ends jobs and daemons; nothing is left running. The directory stays unless `remove` is set. */
  stop(options?: { readonly remove?: boolean }): Promise<void>;
}

/**
 * Boots munged, slurmctld, one slurmd per node and sshd in one directory, on loopback, as whoever calls.
 * Daemons die with this process where setpriv(1) is there. Takes about a quarter of a second.
 * @throws SetupError when programs are missing or a daemon does not come up
 */
export async function startSlurm(options: SlurmOptions): Promise<PrivateSlurm> {
  const tools = options.tools ?? (await installedTools());
  if (tools === null)
    throw new SetupError(`SLURM is not complete here; missing: ${missingPackages().join(', ')}.`);
  const settings = { ...defaults, ...options };
  if (settings.nodes.length === 0 || settings.nodes.length > MAX_NODES)
    throw new SetupError(`A private SLURM has 1 to ${MAX_NODES} nodes.`);
  const { directory, ports, takesUp } = await claimDirectory(options);
  const user = userInfo().username;
  const pluginDirectory = tools.unpacked?.pluginDirectory ?? null;
  await writeFiles(
    {
      ...settings,
      directory,
      clusterName: clusterName(options.directory),
      hostname: ownHostname(),
      user,
      ports,
      pluginDirectory,
    },
    tools,
  );
  const environment = {
    PATH: tools.path,
    HOME: userInfo().homedir,
    USER: user,
    LOGNAME: user,
    LC_ALL: 'C',
    SLURM_CONF: join(directory, 'etc/slurm.conf'),
  };
  const daemons = createSlurmDaemons({
    directory,
    tools,
    ports,
    nodes: settings.nodes,
    environment,
  });
  const slurm = assemble({ options, directory, tools, ports, environment, daemons, user });
  try {
    await daemons.startAll({ forgetState: !takesUp });
    await slurm.settled();
  } catch (error) {
    await slurm.stop();
    throw new SetupError(
      `The private SLURM in ${directory} did not come up. ${(error as Error).message}`,
      error,
    );
  }
  return slurm;
}

function ownHostname(): string {
  return hostname().split('.')[0] ?? hostname();
}

function assemble(parts: {
  readonly options: SlurmOptions;
  readonly directory: string;
  readonly tools: SlurmTools;
  readonly ports: SlurmPorts;
  readonly environment: Readonly<Record<string, string>>;
  readonly daemons: SlurmDaemons;
  readonly user: string;
}): PrivateSlurm {
  const { directory, daemons, environment, tools, user } = parts;
  const client = async (command: string, args: readonly string[]) => {
    const { stdout } = await run(command, [...args], {
      env: environment,
      // What a job prints lands where it was submitted.
      cwd: directory,
      maxBuffer: 64 << 20,
    });
    return stdout;
  };
  return {
    directory: parts.options.directory,
    version: tools.version,
    ssh: {
      host: '127.0.0.1',
      port: parts.ports.ssh,
      user,
      keyFile: join(parts.options.directory, 'ssh/id'),
      hostKey: readHostKey(directory),
    },
    environment,
    queueCommand: queueCommand(tools, join(directory, 'etc/slurm.conf')),
    daemons,
    client,
    async settled() {
      const good = await pollTrue({ timeoutMs: 20_000, everyMs: 20 }, () => nodesUp(client));
      if (!good) throw new SetupError(`Not every node of ${directory} came up.`);
    },
    strays: () => processesOf(parts.options.directory).filter((pid) => !daemons.owns(pid)),
    async stop({ remove = false } = {}) {
      if (daemons.pid('slurmctld') !== null) await cancelAll(environment, user);
      await daemons.stopAll();
      await endProcessesOf(parts.options.directory);
      if (!remove) return;
      removeAlias(parts.options.directory);
      rmSync(parts.options.directory, { recursive: true, force: true });
    },
  };
}

async function nodesUp(client: PrivateSlurm['client']): Promise<boolean> {
  try {
    const states = (await client('sinfo', ['-h', '-N', '-o', '%t'])).trim().split('\n');
    return states.every((state) => /^(idle|mix|alloc|comp)$/.test(state));
  } catch {
    return false;
  }
}

/** Best effort: the processes of jobs are looked for afterwards in any case. */
async function cancelAll(environment: Readonly<Record<string, string>>, user: string) {
  const args = ['--full', '--signal=KILL', '-u', user];
  await run('scancel', args, { env: environment, timeout: 2000 }).catch(() => undefined);
}
