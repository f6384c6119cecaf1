import { randomBytes } from 'node:crypto';
import { ClusterError } from '@wakefield/control';
import type { SshConnection } from '../ssh/connection.ts';
import { exec } from '../ssh/exec.ts';
import { createLimiter } from '../ssh/limiter.ts';
import { afterMarker, parseFrames, REMOTE_COMMAND, remoteProgram } from '../ssh/remote-program.ts';
import { describeTarget } from '../ssh/target.ts';

/** What a program answered. */
export interface RemoteAnswer {
  readonly frames: ReadonlyMap<string, string>;
  /** What it and SLURM's clients said on standard error, without the login shell's own words. */
  readonly stderr: string;
}

export interface RemoteShell {
  /**
   * Runs one of the programs: one round trip.
   * @throws ClusterError unreachable when there is no whole answer; misconfigured when there is no bash
   */
  run(
    program: string,
    args: readonly string[],
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<RemoteAnswer>;
}

/** sshd refuses the eleventh session of a connection (sshd_config(5), MaxSessions 10); some are left to others. */
const MAX_SESSIONS = 8;

export function createRemoteShell(
  connection: SshConnection,
  onRoundTrip: () => void = () => {},
): RemoteShell {
  const limiter = createLimiter(MAX_SESSIONS);
  const where = describeTarget(connection.target);
  return {
    async run(program, args, options) {
      const marker = `wakefield-${randomBytes(12).toString('hex')}`;
      const input = remoteProgram(program, args, marker);
      onRoundTrip();
      const result = await exec(connection, limiter, REMOTE_COMMAND, { input, ...options });
      const output = afterMarker(result.stdout, marker);
      const stderr = Buffer.from(result.stderr);
      if (output === null) throw noAnswer(where, result.code, result.stderr);
      try {
        return {
          frames: parseFrames(output),
          stderr: (afterMarker(stderr, marker) ?? stderr).toString('utf8'),
        };
      } catch (error) {
        throw new ClusterError('unreachable', `${where}: ${(error as Error).message}`, error);
      }
    },
  };
}

function noAnswer(where: string, code: number | null, stderr: string): ClusterError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  // A login shell that cannot start bash says so with 126 or 127; anything else may be an accident.
  const kind = code === 126 || code === 127 || code === 1 ? 'misconfigured' : 'unreachable';
  return new ClusterError(
    kind,
    `${where} runs no commands (status ${code})${said === '' ? '' : `: ${said}`}`,
  );
}
