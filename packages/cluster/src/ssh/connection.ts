import { ClusterError } from '@wakefield/control';
import { Client, type ClientChannel } from 'ssh2';
import { connectFailure, reconnectDelay } from './failures.ts';
import { connectOptions, describeTarget, type SshTarget } from './target.ts';

/** One ssh connection, made when it is needed and again when it was lost. */
export interface SshConnection {
  readonly target: SshTarget;
  /**
   * The open connection. After a failed login further calls fail at once until the back-off is over.
   * @throws ClusterError unreachable or misconfigured; the signal's reason when it is aborted
   */
  client(signal: AbortSignal): Promise<Client>;
  /** Calls back once when this client is lost, before its channels look ended. @returns unsubscribe */
  onLost(client: Client, listener: () => void): () => void;
  close(): Promise<void>;
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
  const lostListeners = new WeakMap<Client, Set<() => void>>();
  let current: Promise<Client> | null = null;
  let closed = false;
  let failures = 0;
  let lastFailure: ClusterError | null = null;
  let retryAt = 0;

  function connect(): Promise<Client> {
    const attempt = login(target, connectTimeoutMs).then(
      (client) => {
        failures = 0;
        const listeners = new Set<() => void>();
        lostListeners.set(client, listeners);
        // 'close' comes before ssh2 ends the channels of the connection, which would look like a proper end.
        client.once('close', () => {
          if (current === attempt) current = null;
          for (const listener of listeners) listener();
        });
        return client;
      },
      (error: ClusterError) => {
        if (current === attempt) current = null;
        failures++;
        lastFailure = error;
        retryAt = now() + reconnectDelay(failures, error.kind, random());
        throw error;
      },
    );
    current = attempt;
    return attempt;
  }

  return {
    target,
    async client(signal) {
      if (closed)
        throw new ClusterError('unreachable', `the connection to ${target.host} is closed`);
      signal.throwIfAborted();
      if (current === null && failures > 0 && now() < retryAt && lastFailure !== null)
        throw new ClusterError(lastFailure.kind, lastFailure.message, lastFailure);
      return abortable(current ?? connect(), signal);
    },
    onLost(client, listener) {
      const listeners = lostListeners.get(client);
      listeners?.add(listener);
      return () => listeners?.delete(listener);
    },
    async close() {
      closed = true;
      const client = await current?.catch(() => null);
      if (client === null || client === undefined) return;
      const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
      client.end();
      client.destroy();
      await gone;
    },
  };
}

async function login(target: SshTarget, timeoutMs: number): Promise<Client> {
  let shown: Buffer | null = null;
  try {
    const options = await connectOptions(target, timeoutMs, (blob) => {
      shown = blob;
    });
    return await new Promise<Client>((resolve, reject) => {
      const client = new Client();
      client.once('ready', () => {
        // Nagle's algorithm and delayed acknowledgements together would add 40 ms to every command.
        client.setNoDelay(true);
        resolve(client);
      });
      // Errors after the login are followed by 'close'; without a listener they would be thrown.
      client.on('error', (error) => {
        reject(error);
        client.destroy();
      });
      client.once('close', () =>
        reject(new ClusterError('unreachable', `${describeTarget(target)} closed the connection`)),
      );
      client.connect(options);
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
