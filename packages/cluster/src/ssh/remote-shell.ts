import { randomBytes } from 'node:crypto';
import { ClusterError } from '@wakefield/control';
import type { SshConnection } from './connection.ts';
import { createLimiter } from './limiter.ts';
import { afterMarker, parseFrames, remoteProgram } from './remote-program.ts';
import { openWorker, type RemoteWorker, WorkerExit } from './remote-worker.ts';
import { describeTarget } from './target.ts';

/** What a program answered. */
export interface RemoteAnswer {
  readonly frames: ReadonlyMap<string, string>;
  /** What it and SLURM's clients said on standard error, without the login shell's own words. */
  readonly stderr: string;
  /** What the login shell printed on standard output before the program began: it should be nothing. */
  readonly noise: string;
}

export interface RunOptions {
  /** Over connecting, waiting for a free session and the program itself. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface RemoteShell {
  /**
   * Runs a program for {@link remoteProgram}: one round trip.
   * @throws ClusterError: `unreachable` also when time is up or the connection breaks in the middle; whether the
   *   program had its effect is then unknown. `misconfigured` when the account runs no commands.
   */
  run(program: string, args: readonly string[], options: RunOptions): Promise<RemoteAnswer>;
  /** Ends the waiting sessions. */
  close(): void;
}

/** sshd refuses the eleventh session of a connection (sshd_config(5), MaxSessions 10); some are left to others. */
const MAX_SESSIONS = 8;
/** Sessions that wait for work. More are ended when their program is. */
const MAX_IDLE = 2;
/** A session keeps the PATH of its beginning; new ones see what the centre has changed since. */
const MAX_AGE_MS = 600_000;

export function createRemoteShell(
  connection: SshConnection,
  options: { readonly now: () => number; readonly onRoundTrip?: () => void },
): RemoteShell {
  const limiter = createLimiter(MAX_SESSIONS);
  const idle: RemoteWorker[] = [];
  const where = describeTarget(connection.target);

  async function takeWorker(signal: AbortSignal): Promise<RemoteWorker> {
    for (let worker = idle.pop(); worker !== undefined; worker = idle.pop()) {
      if (worker.usable() && options.now() - worker.openedAt < MAX_AGE_MS) return worker;
      worker.close();
    }
    return openWorker(connection, await connection.client(signal), options.now(), signal);
  }

  function putBack(worker: RemoteWorker): void {
    if (worker.usable() && idle.length < MAX_IDLE) idle.push(worker);
    else worker.close();
  }

  async function exchange(
    program: string,
    args: readonly string[],
    deadline: number,
    signal: AbortSignal,
  ) {
    const marker = `wakefield-${randomBytes(12).toString('hex')}`;
    const leave = await limiter.enter(signal);
    try {
      const worker = await takeWorker(signal);
      try {
        const left = (deadline - performance.now()) / 1000;
        const text = remoteProgram(program, args, marker, left);
        return { marker, output: await worker.run(text, marker, signal) };
      } finally {
        putBack(worker);
      }
    } finally {
      leave();
    }
  }

  return {
    async run(program, args, { timeoutMs, signal }) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const deadline = performance.now() + timeoutMs;
      try {
        options.onRoundTrip?.();
        const either = AbortSignal.any([signal, timeout]);
        const { marker, output } = await exchange(program, args, deadline, either);
        return readAnswer(marker, output.stdout, output.stderr);
      } catch (error) {
        if (error instanceof ClusterError) throw error;
        if (error instanceof WorkerExit) throw noShell(where, error);
        const words = timeout.aborted
          ? `did not answer within ${timeoutMs / 1000} s`
          : signal.aborted
            ? 'the call was given up'
            : (error as Error).message;
        throw new ClusterError('unreachable', `${where}: ${words}`, error);
      }
    },
    close() {
      for (const worker of idle.splice(0)) worker.close();
    },
  };
}

function readAnswer(marker: string, stdout: Buffer, stderr: Buffer): RemoteAnswer {
  const output = afterMarker(stdout, marker);
  if (output === null) throw new Error('the remote shell did not run the program');
  const noise = stdout.subarray(0, stdout.length - output.length - marker.length - 2);
  return {
    frames: parseFrames(output),
    stderr: (afterMarker(stderr, marker) ?? stderr).toString('utf8').trim(),
    noise: noise.toString('utf8'),
  };
}

/** The account has no bash, is closed (nologin), or a session was ended by force. */
function noShell(where: string, { code, stderr }: WorkerExit): ClusterError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  // Shells that cannot start a program say so with 126 or 127, nologin(8) with 1; a kill has no status.
  const kind = code === null || code === 0 ? 'unreachable' : 'misconfigured';
  const status = code === null ? 'was ended' : `ended with status ${code}`;
  return new ClusterError(
    kind,
    `${where}: the remote shell ${status}${said === '' ? '' : `: ${said}`}`,
  );
}
