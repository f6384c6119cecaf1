import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts, isFree } from '../process/free-port.ts';
import { pollTrue } from '../process/poll.ts';
import { SetupError } from '../setup-error.ts';
import { readHostKey, writeFiles } from './files.ts';
import {
  clusterName,
  MAX_NODES,
  PORT_BLOCK,
  portsFrom,
  removeAlias,
  type SlurmNode,
  type SlurmPorts,
  shortAlias,
} from './layout.ts';
import { createSlurmDaemons, type SlurmDaemons } from './slurm-daemons.ts';
import { endProcessesOf, processesOf } from './strays.ts';
import { installedTools, missingPackages, type SlurmTools } from './tools.ts';

const run = promisify(execFile);

export interface SlurmOptions {
  /** Everything goes below it. It is made when it is not there. */
  readonly directory: string;
  /** What {@link installedTools} or {@link unpackPackages} found; absent: the installed programs. */
  readonly tools?: SlurmTools;
  readonly nodes?: readonly SlurmNode[];
  /** Lines of slurm.conf. */
  readonly partitions?: readonly string[];
  /** Seconds that an ended job stays in squeue, at least; default 300. */
  readonly minJobAge?: number;
  /** Seconds between TERM and KILL; default 2. */
  readonly killWait?: number;
  /** Seconds until a silent node counts as down; default 5. */
  readonly slurmdTimeout?: number;
  /** Further lines of slurm.conf. */
  readonly extra?: readonly string[];
  /** Further environment of ssh logins (sshd_config(5), SetEnv), e.g. for what a centre's profile would set. */
  readonly loginEnvironment?: Readonly<Record<string, string>>;
  /** true: jobs and job ids of an earlier life over the same directory are taken up again. */
  readonly keepState?: boolean;
}

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

const defaults = {
  nodes: [
    { name: 'cn01', gres: 'gpu:h200:4', features: 'h200,nvlink' },
    { name: 'cn02', gres: 'gpu:h200:4', features: 'h200,nvlink' },
    { name: 'cn03', gres: 'gpu:h200_1g.18gb:4', features: 'h200,mig' },
    { name: 'cn04', gres: 'gpu:a100:2', features: 'a100' },
  ],
  partitions: [
    'PartitionName=DEFAULT Nodes=ALL State=UP DefaultTime=00:10:00',
    'PartitionName=gpu Default=YES PriorityTier=10 MaxTime=1-00:00:00 PreemptMode=OFF',
    'PartitionName=preempt PriorityTier=1 MaxTime=2-00:00:00 PreemptMode=REQUEUE GraceTime=0',
    'PartitionName=debug PriorityTier=20 MaxTime=00:05:00 DefaultTime=00:05:00 MaxNodes=1 PreemptMode=OFF',
  ],
  minJobAge: 300,
  killWait: 2,
  slurmdTimeout: 5,
  extra: [],
  loginEnvironment: {},
};

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

/** Makes the directory usable: ends what still runs from an earlier life, unless that life goes on. */
async function claimDirectory(options: SlurmOptions) {
  mkdirSync(options.directory, { recursive: true });
  const directory = shortAlias(options.directory);
  const { ports, same } = await choosePorts(directory);
  const takesUp = options.keepState === true && existsSync(join(directory, 'state/job_state'));
  // Processes of jobs report to the old ports; to a controller that forgot them they are nothing.
  if (!takesUp || !same) await endProcessesOf(options.directory);
  if (!takesUp) rmSync(join(directory, 'state'), { recursive: true, force: true });
  return { directory, ports, takesUp };
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

/** Unpacked programs are on nobody's PATH. */
function queueCommand({ path, unpacked }: SlurmTools, conf: string): string {
  const [folder = ''] = path.split(':');
  const words = [conf, unpacked === null ? 'squeue' : join(folder, 'squeue')].map(shellWord);
  return `SLURM_CONF=${words.join(' ')}`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
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

/** The ports of an earlier life where they are free, so that what still runs of it finds its controller. */
async function choosePorts(directory: string): Promise<{ ports: SlurmPorts; same: boolean }> {
  const memory = join(directory, 'ports');
  const before = existsSync(memory) ? Number(readFileSync(memory, 'utf8')) : Number.NaN;
  if (Number.isInteger(before) && (await isFreeBlock(before)))
    return { ports: portsFrom(before), same: true };
  const base = await freePorts(PORT_BLOCK);
  writeFileSync(memory, String(base));
  return { ports: portsFrom(base), same: false };
}

async function isFreeBlock(base: number): Promise<boolean> {
  const ports = Array.from({ length: PORT_BLOCK }, (_, index) => base + index);
  const free = await Promise.all(ports.map((port) => isFree('127.0.0.1', port)));
  return free.every(Boolean);
}
