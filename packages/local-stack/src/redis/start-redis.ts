import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { keptPassword, withoutPassword } from '../password.ts';
import {
  type Daemon,
  type DaemonExit,
  type DaemonOptions,
  spawnDaemon,
} from '../process/daemon.ts';
import { freePorts } from '../process/free-port.ts';
import { endProcesses, listProcesses } from '../process/process-table.ts';
import { tailLines } from '../process/tail.ts';
import { SetupError } from '../setup-error.ts';
import { awaitRedis } from './ready.ts';
import { redisConfig } from './redis-config.ts';
import { findRedisProgram, type RedisProgram } from './servers.ts';
import { unpackRedis } from './unpacked-redis.ts';

export interface RedisOptions {
  /** Everything of this server goes below it. The caller sees to it that nobody else uses it meanwhile. */
  readonly directory: string;
  /** A free one of loopback by default. */
  readonly port?: number;
  /** A server that is there already: it is tried, and nothing is started. */
  readonly url?: string;
  /** `fast` keeps nothing on disk, for tests. Default `durable`: an append-only file. */
  readonly durability?: 'durable' | 'fast';
  /** Which to try, in this order. */
  readonly servers?: readonly Exclude<RedisSource, 'given'>[];
  readonly report?: (line: string) => void;
}

export type RedisSource = 'given' | 'system' | 'unpacked' | 'javascript';

export interface LocalRedis {
  readonly url: string;
  readonly source: RedisSource;
  readonly version: string;
  readonly pid: number | null;
  readonly port: number | null;
  /** Resolves when our server is over; never for a given one. */
  readonly exited: Promise<DaemonExit>;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
const stopSteps = [
  { signal: 'SIGTERM', waitMs: 3000 },
  { signal: 'SIGKILL', waitMs: 2000 },
] as const;

/**
 * A Redis to work with: the given one, else one of our own on 127.0.0.1: the machine's redis-server or
 * valkey-server, else the distribution's package unpacked without root, else one in plain JavaScript.
 * @throws SetupError with the remedy
 */
export async function startRedis(options: RedisOptions): Promise<LocalRedis> {
  const report = options.report ?? (() => undefined);
  if (options.url !== undefined) return useGiven(options.url, report);
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const directory = realpathSync(options.directory);
  await endLeftovers(directory);
  for (const source of options.servers ?? ['system', 'unpacked', 'javascript']) {
    if (source === 'javascript') break;
    const program =
      source === 'system' ? await findRedisProgram() : await unpackRedis(directory, report);
    if (program !== null) return startReal(directory, program, source, options);
  }
  report(
    'Redis: no redis-server or valkey-server here and none to be had from the distribution. Using a stand-in in ' +
      'JavaScript: fine for a look around, slow (about 200 jobs a second), forgets everything when it stops. ' +
      'Remedy: install redis or valkey, or set REDIS_URL.',
  );
  return startJavaScript(directory, options);
}

async function useGiven(url: string, report: (line: string) => void): Promise<LocalRedis> {
  const facts = await awaitRedis(url, null, 10_000);
  if (facts === null)
    throw new SetupError(`Redis at ${withoutPassword(url)} (REDIS_URL) does not answer.`);
  if (facts.policy !== null && facts.policy !== 'noeviction')
    report(`Redis' maxmemory-policy is ${facts.policy}; queues need noeviction or may lose jobs`);
  return {
    url,
    source: 'given',
    version: facts.version,
    pid: null,
    port: null,
    exited: new Promise(() => undefined),
    stop: () => Promise.resolve(),
  };
}

async function startReal(
  directory: string,
  program: RedisProgram,
  source: RedisSource,
  options: RedisOptions,
): Promise<LocalRedis> {
  const password = keptPassword(directory);
  return launch(directory, options, source, (port) => {
    const config = join(directory, 'redis.conf');
    const durable = options.durability !== 'fast';
    // A file and not arguments: argv is for everyone to read.
    writeFileSync(config, redisConfig({ directory, port, password, durable }), { mode: 0o600 });
    const library = program.libraryPath === null ? {} : { LD_LIBRARY_PATH: program.libraryPath };
    return {
      daemon: {
        command: program.file,
        args: [config],
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...library },
      },
      url: `redis://:${password}@127.0.0.1:${port}`,
    };
  });
}

function startJavaScript(directory: string, options: RedisOptions): Promise<LocalRedis> {
  const script = join(import.meta.dirname, `pure-js-server${extname(import.meta.filename)}`);
  const password = keptPassword(directory);
  return launch(directory, options, 'javascript', (port) => ({
    daemon: {
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', script, String(port), directory],
      env: { PATH: '/usr/bin:/bin' },
    },
    url: `redis://:${password}@127.0.0.1:${port}`,
  }));
}

interface Launchable {
  readonly daemon: Pick<DaemonOptions, 'command' | 'args' | 'env'>;
  readonly url: string;
}

/** A port can be taken between choosing and using it: then once more with another. */
async function launch(
  directory: string,
  options: RedisOptions,
  source: RedisSource,
  plan: (port: number) => Launchable,
): Promise<LocalRedis> {
  const logFile = join(directory, 'redis.log');
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePorts(1));
    const { daemon: what, url } = plan(port);
    const daemon: Daemon = await spawnDaemon({
      ...what,
      cwd: directory,
      logFile,
      deathSignal: 'SIGTERM',
    });
    const facts = await awaitRedis(url, daemon, startTimeoutMs);
    if (facts !== null)
      return {
        url,
        source,
        version: facts.version,
        pid: daemon.pid,
        port,
        exited: daemon.exited,
        stop: () => daemon.stop(stopSteps),
      };
    await daemon.stop(stopSteps);
    const last = tailLines(logFile, 8);
    if (attempt === 5 || !/address already in use|EADDRINUSE/i.test(last))
      throw new SetupError(`Redis (${source}) does not start:\n${last}\nIts log is ${logFile}`);
  }
}

/** Servers of an earlier run on the same directory: they work in it, or have it in their arguments. */
async function endLeftovers(directory: string): Promise<void> {
  const pids = listProcesses()
    .filter(({ command }) =>
      /redis-server|valkey-server|redis-check-rdb|pure-js-server/.test(command),
    )
    .filter(
      ({ command, workingDirectory }) =>
        workingDirectory === directory || command.includes(directory),
    )
    .map(({ pid }) => pid);
  if (!(await endProcesses(pids, stopSteps)))
    throw new SetupError(`An older Redis on ${directory} cannot be ended (${pids.join(', ')}).`);
}
