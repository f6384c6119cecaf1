import { ClusterError } from '@wakefield/control';
import type { Client, ClientChannel } from 'ssh2';
import type { SshConnection } from './connection.ts';
import type { Limiter } from './limiter.ts';
import { describeTarget } from './target.ts';

export interface ExecResult {
  /** null when a signal ended the command. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly input: string;
  /** Over connecting, waiting for a free channel and the command itself. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** More than any observation should ever bring; stops a login shell that babbles for ever. */
const MAX_OUTPUT = 64 << 20;

/**
 * Runs one command on the far machine with the given standard input.
 * @throws ClusterError: `unreachable` also when time is up or the connection breaks in the middle; whether the
 *   command had its effect is then unknown
 */
export async function exec(
  connection: SshConnection,
  limiter: Limiter,
  command: string,
  options: ExecOptions,
): Promise<ExecResult> {
  const where = describeTarget(connection.target);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  try {
    const leave = await limiter.enter(signal);
    try {
      const client = await connection.client(signal);
      return await run(connection, client, command, options.input, signal);
    } finally {
      leave();
    }
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    if (timeout.aborted)
      throw new ClusterError(
        'unreachable',
        `${where} did not answer within ${options.timeoutMs / 1000} s`,
        error,
      );
    const words = options.signal.aborted ? 'the call was given up' : (error as Error).message;
    throw new ClusterError('unreachable', `${where}: ${words}`, error);
  }
}

function run(
  connection: SshConnection,
  client: Client,
  command: string,
  input: string,
  signal: AbortSignal,
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const stopListening = connection.onLost(client, () =>
      finish(() => reject(new Error('the connection was lost before the command ended'))),
    );
    const gaveUp = () => finish(() => reject(signal.reason));
    let channel: ClientChannel | null = null;
    let over = false;

    function finish(settle: () => void) {
      if (over) return;
      over = true;
      stopListening();
      signal.removeEventListener('abort', gaveUp);
      // Harmless on an ended channel; on a living one it frees the session at the server.
      channel?.close();
      settle();
    }

    signal.addEventListener('abort', gaveUp, { once: true });
    client.exec(command, (error, opened) => {
      if (error !== undefined) return finish(() => reject(error));
      channel = opened;
      if (over) return opened.close();
      collect(opened, (result) =>
        finish(() => (result instanceof Error ? reject(result) : resolve(result))),
      );
      opened.end(input);
    });
  });
}

function collect(channel: ClientChannel, done: (result: ExecResult | Error) => void): void {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let size = 0;
  let exited: { readonly code: number | null } | null = null;
  const take = (into: Buffer[]) => (chunk: Buffer) => {
    into.push(chunk);
    size += chunk.length;
    if (size > MAX_OUTPUT) done(new Error(`the answer is longer than ${MAX_OUTPUT} bytes`));
  };
  channel.on('data', take(stdout));
  channel.stderr.on('data', take(stderr));
  channel.on('exit', (code: number | null) => {
    exited = { code };
  });
  channel.on('error', done);
  channel.on('close', () => {
    // A lost connection closes the channel without an exit status: that is no success.
    if (exited === null) return done(new Error('the command ended without a status'));
    done({
      code: exited.code,
      stdout: Buffer.concat(stdout),
      stderr: Buffer.concat(stderr).toString('utf8'),
    });
  });
}
