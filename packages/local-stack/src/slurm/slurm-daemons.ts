import { join } from 'node:path';
import { type Daemon, type DaemonExit, spawnDaemon } from '../process/daemon.ts';
import { pollTrue } from '../process/poll.ts';
import { endProcesses, sendSignal } from '../process/process-table.ts';
import { tailLines } from '../process/tail.ts';
import { SetupError } from '../setup-error.ts';
import { type LaunchParts, launch, type SlurmDaemonName } from './launch.ts';
import { namedDescendants } from './named-descendants.ts';

/** The daemons of one private cluster, one by one: for start and stop, and for tests that break things. */
export interface SlurmDaemons {
  names(): readonly SlurmDaemonName[];
  /** Whether a process is one of them, or one that they keep for themselves. */
  owns(pid: number): boolean;
  /** null while it does not run. */
  pid(name: SlurmDaemonName): number | null;
  /** Resolves when it is over, at once when it does not run. */
  exited(name: SlurmDaemonName): Promise<DaemonExit>;
  /** Starts it where it does not run and waits until it accepts. `forgetState` is for slurmctld alone. */
  start(name: SlurmDaemonName, options?: { readonly forgetState?: boolean }): Promise<void>;
  /** Ends it and waits until it is gone. */
  end(name: SlurmDaemonName, signal: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: it neither works nor refuses. */
  freeze(name: SlurmDaemonName): void;
  thaw(name: SlurmDaemonName): void;
  /** Cuts every open ssh connection; sshd itself goes on. */
  dropSshConnections(): Promise<void>;
  startAll(options: { readonly forgetState: boolean }): Promise<void>;
  stopAll(): Promise<void>;
}

export function createSlurmDaemons(
  parts: LaunchParts & { readonly environment: Readonly<Record<string, string>> },
): SlurmDaemons {
  const { directory, environment, nodes } = parts;
  const running = new Map<SlurmDaemonName, Daemon>();
  const slurmds = nodes.map((node): SlurmDaemonName => `slurmd-${node.name}`);
  const names: readonly SlurmDaemonName[] = ['munged', 'slurmctld', ...slurmds, 'sshd'];

  const isRunning = (name: SlurmDaemonName) => running.get(name)?.exit() === null;

  async function start(name: SlurmDaemonName, options: { readonly forgetState?: boolean } = {}) {
    if (isRunning(name)) return;
    const { command, args, ready } = launch(name, parts, options.forgetState === true);
    const daemon = await spawnDaemon({
      command,
      args,
      cwd: directory,
      env: environment,
      logFile: join(directory, 'log', `${name}.out`),
      deathSignal: 'SIGKILL',
    });
    running.set(name, daemon);
    const up = await pollTrue(
      { timeoutMs: 10_000, everyMs: 5 },
      async () => daemon.exit() !== null || (await ready()),
    );
    if (!up || daemon.exit() !== null)
      throw new SetupError(
        `${name} did not start. ${directory}/log says:\n${lastWords(directory, name)}`,
      );
  }

  async function end(name: SlurmDaemonName, signal: NodeJS.Signals) {
    const daemon = running.get(name);
    if (daemon === undefined || daemon.exit() !== null) return;
    sendSignal(daemon.pid, signal);
    // A frozen process takes nothing but KILL until it continues.
    sendSignal(daemon.pid, 'SIGCONT');
    await daemon.exited;
  }

  function owns(pid: number) {
    return [...running].some(
      ([name, daemon]) =>
        daemon.exit() === null && (daemon.pid === pid || helpersOf(name, daemon.pid).includes(pid)),
    );
  }

  async function dropSshConnections() {
    const listener = running.get('sshd');
    if (listener === undefined) return;
    await endProcesses(helpersOf('sshd', listener.pid), [{ signal: 'SIGKILL', waitMs: 2000 }]);
  }

  return {
    names: () => names,
    owns,
    pid: (name) => (isRunning(name) ? (running.get(name)?.pid ?? null) : null),
    exited: (name) => running.get(name)?.exited ?? Promise.resolve({ code: null, signal: null }),
    start,
    end,
    freeze(name) {
      const daemon = running.get(name);
      if (daemon !== undefined) sendSignal(daemon.pid, 'SIGSTOP');
    },
    thaw(name) {
      const daemon = running.get(name);
      if (daemon !== undefined) sendSignal(daemon.pid, 'SIGCONT');
    },
    dropSshConnections,
    async startAll(options) {
      await start('munged');
      // A client that comes before the controller listens sleeps a whole second before it tries again.
      await start('slurmctld', options);
      await Promise.all([...slurmds, 'sshd' as const].map((name) => start(name)));
    },
    async stopAll() {
      await dropSshConnections();
      // TERM lets the controller save its state; slurmd would wait for its jobs.
      await Promise.all([
        end('sshd', 'SIGKILL'),
        end('slurmctld', 'SIGTERM'),
        ...slurmds.map((name) => end(name, 'SIGKILL')),
      ]);
      await end('munged', 'SIGTERM');
    },
  };
}

/** Processes that a daemon keeps for itself: sshd one or two for each connection, slurmctld its script runner. */
function helpersOf(name: SlurmDaemonName, pid: number): readonly number[] {
  if (name === 'sshd') return namedDescendants(pid, 'sshd');
  return name === 'slurmctld' ? namedDescendants(pid, 'slurmscriptd') : [];
}

/** What it printed, and the end of its own log. */
function lastWords(directory: string, name: SlurmDaemonName): string {
  return ['out', 'log']
    .map((kind) => tailLines(join(directory, 'log', `${name}.${kind}`), 6))
    .join('\n');
}
