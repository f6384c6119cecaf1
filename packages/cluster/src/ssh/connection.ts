import { connect as dial, type Socket } from 'node:net';
import { ClusterError } from '@wakefield/control';
import { Client, type ClientChannel } from 'ssh2';
import { connectFailure, reconnectDelay } from './failures.ts';
import { type Silence, watchSilence } from './silence.ts';
import { connectOptions, describeTarget, type SshTarget } from './target.ts';

/**
 * One ssh connection, made when it is needed and again when it was lost. One that stands still may go on: what runs
 * on it is left there until keep-alive gives it up, and meanwhile whatever is new gets another one.
 */
export interface SshConnection {
  readonly target: SshTarget;
  /**
   * The open connection. After a failed login further calls fail at once until the back-off is over, or get one that
   * stands still where there is one.
   * @throws ClusterError unreachable or misconfigured; the signal's reason when it is aborted
   */
  client(signal: AbortSignal): Promise<Client>;
  /** Calls back once when this client is lost, before its channels look ended. @returns unsubscribe */
  onLost(client: Client, listener: () => void): () => void;
  /** Calls back whenever this client is found to stand still. @returns unsubscribe */
  onSilent(client: Client, listener: () => void): () => void;
  /** Whether this client is the one for whatever is new. Others are closed once nobody listens for their loss. */
  isCurrent(client: Client): boolean;
  close(): Promise<void>;
}

/** An open connection. */
interface Line {
  readonly client: Client;
  readonly silence: Silence;
  readonly lost: Set<() => void>;
  readonly stopped: Set<() => void>;
}

export interface ConnectionOptions {
  readonly connectTimeoutMs: number;
  readonly now: () => number;
  readonly random: () => number;
}

export function createSshConnection(
  target: SshTarget,
  { connectTimeoutMs, now, random }: ConnectionOptions,
): SshConnection {
  /** The newest first. */
  const lines: Line[] = [];
  let attempt: Promise<Client> | null = null;
  let closed = false;
  let failures = 0;
  let lastFailure: ClusterError | null = null;
  let retryAt = 0;

  const lineOf = (client: Client) => lines.find((line) => line.client === client);
  const heard = () => lines.find(({ silence }) => !silence.silent);
  const current = () => heard() ?? lines[0];

  function keep({ client, socket }: Login): Client {
    const looked = (begins: boolean) => {
      if (begins) for (const listener of [...line.stopped]) listener();
      const best = heard();
      if (best !== undefined && best !== line && line.lost.size === 0) client.destroy();
    };
    const silence = watchSilence(socket, looked);
    const line: Line = { client, silence, lost: new Set(), stopped: new Set() };
    lines.unshift(line);
    // 'close' comes before ssh2 ends the channels of the connection, which would look like a proper end.
    client.once('close', () => {
      silence.stop();
      lines.splice(lines.indexOf(line), 1);
      for (const listener of [...line.lost]) listener();
    });
    return client;
  }

  function connect(): Promise<Client> {
    attempt = login(target, connectTimeoutMs)
      .then(
        (made) => {
          failures = 0;
          return keep(made);
        },
        (error: ClusterError) => {
          failures++;
          lastFailure = error;
          retryAt = now() + reconnectDelay(failures, error.kind, random());
          throw error;
        },
      )
      .finally(() => {
        attempt = null;
      });
    return attempt;
  }

  async function anew(signal: AbortSignal): Promise<Client> {
    if (attempt === null && failures > 0 && now() < retryAt && lastFailure !== null)
      throw new ClusterError(lastFailure.kind, lastFailure.message, lastFailure);
    return abortable(attempt ?? connect(), signal);
  }

  return {
    target,
    async client(signal) {
      if (closed)
        throw new ClusterError('unreachable', `the connection to ${target.host} is closed`);
      signal.throwIfAborted();
      const line = heard();
      if (line !== undefined) return line.client;
      return anew(signal).catch((error) => {
        const other = current();
        if (other === undefined || signal.aborted) throw error;
        return other.client;
      });
    },
    onLost: (client, listener) => listen(lineOf(client)?.lost, listener),
    onSilent: (client, listener) => listen(lineOf(client)?.stopped, listener),
    isCurrent: (client) => current()?.client === client,
    async close() {
      closed = true;
      await attempt?.catch(() => null);
      await Promise.all(
        lines.map(({ client }) => {
          const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
          client.end();
          client.destroy();
          return gone;
        }),
      );
    },
  };
}

function listen(listeners: Set<() => void> | undefined, listener: () => void): () => void {
  listeners?.add(listener);
  return () => listeners?.delete(listener);
}

interface Login {
  readonly client: Client;
  readonly socket: Socket;
}

async function login(target: SshTarget, timeoutMs: number): Promise<Login> {
  let shown: Buffer | null = null;
  try {
    const options = await connectOptions(target, timeoutMs, (blob) => {
      shown = blob;
    });
    return await new Promise<Login>((resolve, reject) => {
      const client = new Client();
      const socket = dial({ host: target.host, port: target.port });
      client.once('ready', () => {
        // Nagle's algorithm and delayed acknowledgements together would add 40 ms to every command.
        client.setNoDelay(true);
        resolve({ client, socket });
      });
      // Errors after the login are followed by 'close'; without a listener they would be thrown.
      client.on('error', (error) => {
        reject(error);
        client.destroy();
      });
      client.once('close', () =>
        reject(new ClusterError('unreachable', `${describeTarget(target)} closed the connection`)),
      );
      client.connect({ ...options, sock: socket });
    });
  } catch (error) {
    throw connectFailure(error as Error, target, shown);
  }
}

/** Waits for a promise that others wait for, too: giving up here does not disturb them. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const gaveUp = () => reject(signal.reason);
    signal.addEventListener('abort', gaveUp, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', gaveUp));
  });
}

export type { Client, ClientChannel };
