import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { keptPassword } from '../password.ts';
import { type Daemon, type DaemonExit, spawnDaemon } from '../process/daemon.ts';
import { freePorts } from '../process/free-port.ts';
import { tailLines } from '../process/tail.ts';
import { SetupError } from '../setup-error.ts';
import { type Account, chooseAccount } from './account.ts';
import { type Binaries, chooseBinaries, findBinaries } from './binaries.ts';
import { awaitServer, ensureDatabase } from './connect.ts';
import { createData, databaseUser, dataVersion, postgresEnvironment } from './data-directory.ts';
import { reachableBinaries } from './embedded.ts';
import { endLeftovers } from './leftovers.ts';
import { choosePlace, notedHome, type Place } from './place.ts';

export interface PostgresOptions {
  /** Everything of this server goes below it. The caller sees to it that nobody else uses it meanwhile. */
  readonly directory: string;
  /** A free one of loopback by default. */
  readonly port?: number;
  /** How a port is chosen where none is given; by default whichever is free. */
  readonly choosePort?: () => Promise<number>;
  /** A server that is there already: it is tried, and nothing is started. */
  readonly url?: string;
  /** `fast` gives up safety against power cuts, for tests. Default `durable`. */
  readonly durability?: 'durable' | 'fast';
  /** `auto` takes the machine's own and falls back on the npm package. */
  readonly binaries?: 'auto' | 'embedded';
  readonly report?: (line: string) => void;
}

export interface LocalPostgres {
  /** With the password; of a superuser, when the server is ours. */
  readonly url: string;
  readonly source: 'given' | Binaries['source'];
  readonly major: number;
  readonly pid: number | null;
  readonly port: number | null;
  /** Resolves when our server is over; never for a given one. */
  readonly exited: Promise<DaemonExit>;
  stop(): Promise<void>;
}

/** Crash recovery of a database of this size is a matter of seconds; a slow disk may need more. */
const startTimeoutMs = 90_000;

/**
 * A PostgreSQL to work with: the given one, else one of our own on 127.0.0.1 with its data in `directory`,
 * whatever state an earlier run left it in.
 * @throws SetupError with the remedy
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const report = options.report ?? (() => undefined);
  if (options.url !== undefined) return useGiven(options.url);
  mkdirSync(options.directory, { recursive: true });
  const directory = realpathSync(options.directory);
  const account = chooseAccount(join(notedHome(directory) ?? directory, 'data'));
  const place = choosePlace(directory, account, report);
  const data = join(place.home, 'data');
  const found = await findBinaries();
  const wanted =
    options.binaries === 'embedded' ? found.filter((one) => one.source === 'embedded') : found;
  const binaries = reachableBinaries(
    chooseBinaries(wanted, dataVersion(data), data),
    account,
    place.home,
  );
  const durable = options.durability !== 'fast';
  if (existsSync(data)) await endLeftovers(data);
  else await createData(place, binaries.folder, account, durable);
  const server = await launch({ place, binaries, account, durable, options });
  const url = (database: string) =>
    `postgres://${databaseUser}:${keptPassword(directory)}@127.0.0.1:${server.port}/${database}`;
  try {
    await ensureDatabase(url('postgres'), databaseUser);
  } catch (error) {
    await stop(server.daemon, durable);
    throw error;
  }
  return {
    url: url(databaseUser),
    source: binaries.source,
    major: binaries.major,
    pid: server.daemon.pid,
    port: server.port,
    exited: server.daemon.exited,
    stop: () => stop(server.daemon, durable),
  };
}

async function useGiven(url: string): Promise<LocalPostgres> {
  const version = (await awaitServer(url, null, 10_000)) ?? 0;
  return {
    url,
    source: 'given',
    major: Math.floor(version / 10_000),
    pid: null,
    port: null,
    exited: new Promise(() => undefined),
    stop: () => Promise.resolve(),
  };
}

interface Launch {
  readonly place: Place;
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly durable: boolean;
  readonly options: Pick<PostgresOptions, 'port' | 'choosePort'>;
}

/** Reasons in its log that go away: a port taken meanwhile, backends of a killed server that are not gone yet. */
const mayPass = /could not bind|could not create any TCP|shared memory block|postmaster\.pid/;

/** A port can be taken between choosing and using it, and old backends may need a moment to let go. */
async function launch(plan: Launch): Promise<{ readonly daemon: Daemon; readonly port: number }> {
  const logFile = join(plan.place.directory, 'postgres.log');
  for (let attempt = 1; ; attempt += 1) {
    const port = plan.options.port ?? (await (plan.options.choosePort?.() ?? freePorts(1)));
    const daemon = await spawnDaemon({
      command: join(plan.binaries.folder, 'postgres'),
      args: serverArguments(join(plan.place.home, 'data'), port, plan.durable),
      cwd: plan.place.home,
      env: postgresEnvironment(),
      logFile,
      // Fast shutdown, postgres(1): even after a kill -9 of ours the database closes in order.
      deathSignal: 'SIGINT',
      ...(plan.account === null ? {} : { account: plan.account }),
    });
    const url = `postgres://${databaseUser}:${keptPassword(plan.place.directory)}@127.0.0.1:${port}/postgres`;
    try {
      if ((await awaitServer(url, daemon, startTimeoutMs)) !== null) return { daemon, port };
    } catch (error) {
      await stop(daemon, plan.durable);
      throw error;
    }
    const last = tailLines(logFile, 8);
    if (attempt === 5 || !mayPass.test(last))
      throw new SetupError(`PostgreSQL does not start:\n${last}\nIts log is ${logFile}`);
    await delay(attempt * 200);
  }
}

function serverArguments(data: string, port: number, durable: boolean): readonly string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    // Sockets have short paths, data directories need not; and TCP asks for the password.
    'unix_socket_directories=',
    'max_connections=300',
    'logging_collector=off',
    'log_destination=stderr',
    'log_checkpoints=off',
    'jit=off',
    ...(durable ? [] : ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off']),
  ];
  return ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
}

/** postgres(1): INT is fast shutdown with a checkpoint, QUIT is immediate. */
function stop(daemon: Daemon, durable: boolean): Promise<void> {
  const quit = [
    { signal: 'SIGQUIT', waitMs: 2000 },
    { signal: 'SIGKILL', waitMs: 2000 },
  ] as const;
  return daemon.stop(durable ? [{ signal: 'SIGINT', waitMs: 5000 }, ...quit] : quit);
}
