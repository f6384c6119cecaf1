import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Seed } from '@wakefield/heappe-server';
import { keptPassword } from '../password.ts';
import { type Daemon, type DaemonExit, spawnDaemon } from '../process/daemon.ts';
import { freePorts } from '../process/free-port.ts';
import { pollTrue } from '../process/poll.ts';
import { tailLines } from '../process/tail.ts';
import { SetupError } from '../setup-error.ts';
import { endHeappeProcesses } from './strays.ts';

export interface HeappeOptions {
  /** Everything of this server and of its jobs goes below it. */
  readonly directory: string;
  /** packages/heappe-server/src/main.ts of this checkout. */
  readonly script: string;
  /** Which release it is like, as in `6.1`; null: the newest. */
  readonly version: string | null;
  /** A free one of loopback by default. */
  readonly port?: number;
  /** The same of `controlUrl`. */
  readonly controlPort?: number;
  /** Its cluster: PATH and SLURM_CONF of its clients. Absent: its jobs are processes of this machine. */
  readonly slurm?: Readonly<Record<string, string>> | null;
}

/** A running HEAppE for tests. */
export interface LocalHeappe {
  /** Everything before `/heappe/…`. */
  readonly url: string;
  /** Where it is told to go wrong (packages/heappe-server/src/faults/control-server.ts). */
  readonly controlUrl: string;
  readonly port: number;
  readonly controlPort: number;
  readonly pid: number;
  readonly version: string;
  /** Whose jobs they are: manager of project `demo`. */
  readonly user: string;
  readonly passwordFile: string;
  /** Id of the node type with GPUs. */
  readonly nodeType: number;
  /** Of its login node, as in a .pub file. */
  readonly sftpHostKey: string;
  readonly exited: Promise<DaemonExit>;
  /** Ends it and its jobs; those on a SLURM are SLURM's to end. */
  stop(): Promise<void>;
}

const user = 'wakefield';
/** A manager cannot name one before there is a template on it. */
const nodeType = 11;
const startTimeoutMs = 60_000;
const daySeconds = 86_400;
/** Its jobs have two seconds between TERM and KILL. */
const stopSteps = [
  { signal: 'SIGTERM', waitMs: 3500 },
  { signal: 'SIGKILL', waitMs: 1000 },
] as const;

/**
 * Starts packages/heappe-server as a process of its own. What it had before, jobs included, it still has.
 * @throws SetupError with the end of its log
 */
export async function startHeappe(options: HeappeOptions): Promise<LocalHeappe> {
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const directory = realpathSync(options.directory);
  const passwordFile = join(directory, 'password');
  const seed = join(directory, 'seed.json');
  writeFileSync(seed, JSON.stringify(world(keptPassword(directory))), { mode: 0o600 });
  const ports = await freePorts(2);
  const port = options.port ?? ports;
  const controlPort = options.controlPort ?? ports + 1;
  const slurm = options.slurm ?? null;
  const controlUrl = `http://127.0.0.1:${controlPort}/control`;
  const logFile = join(directory, 'heappe.log');
  const daemon = await spawnDaemon({
    command: process.execPath,
    args: [
      ...['--conditions=source', '--disable-warning=ExperimentalWarning', options.script],
      ...['--data-directory', directory, '--seed', seed],
      ...['--port', String(port), '--control-port', String(controlPort)],
      ...(options.version === null ? [] : ['--version', options.version]),
      ...(slurm === null ? ['--end-jobs'] : ['--slurm-conf', slurm.SLURM_CONF ?? '']),
    ],
    cwd: directory,
    env: environment(slurm?.PATH),
    logFile,
    // Its jobs go on without it, and the next one finds them.
    deathSignal: 'SIGKILL',
  });
  const version = await awaitVersion(controlUrl, daemon);
  if (version === null) {
    await daemon.stop(stopSteps);
    throw new SetupError(`HEAppE does not start:\n${tailLines(logFile, 8)}\nIts log is ${logFile}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    controlUrl,
    port,
    controlPort,
    pid: daemon.pid,
    version,
    user,
    passwordFile,
    nodeType,
    sftpHostKey: readFileSync(join(directory, 'login/host-key.pub'), 'utf8').trim(),
    exited: daemon.exited,
    async stop() {
      await daemon.stop(stopSteps);
      await endHeappeProcesses(directory);
    },
  };
}

/** A world that is there already is kept. */
function world(password: string): Seed {
  return {
    cluster: 'this-machine',
    nodeTypes: [
      {
        id: nodeType,
        ...{ name: 'gpu', queue: 'gpu' },
        ...{ numberOfNodes: 4, coresPerNode: 4, maxWalltime: 2 * daySeconds },
      },
    ],
    projects: [{ accountingString: 'demo' }],
    users: [{ username: user, password, roles: { demo: ['Manager'] } }],
  };
}

/** Nothing of ours: what is in it reaches jobs. */
function environment(path = process.env.PATH): Record<string, string> {
  const { TZ } = process.env;
  return {
    PATH: path ?? '/usr/bin:/bin',
    HOME: homedir(),
    LC_ALL: 'C',
    ...(TZ === undefined ? {} : { TZ }),
  };
}

/** Whoever says it listens on all its ports. Its Health would do, which 5.0 has not. */
async function awaitVersion(controlUrl: string, daemon: Daemon): Promise<string | null> {
  let version: string | null = null;
  await pollTrue({ timeoutMs: startTimeoutMs, everyMs: 20 }, async () => {
    version = await versionOf(controlUrl);
    return version !== null || daemon.exit() !== null;
  });
  return version;
}

async function versionOf(controlUrl: string): Promise<string | null> {
  try {
    const response = await fetch(`${controlUrl}/version`, { signal: AbortSignal.timeout(2000) });
    const { version } = (await response.json()) as { version?: unknown };
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
