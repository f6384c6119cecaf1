import { readFile } from 'node:fs/promises';
import { ClusterError } from '@wakefield/control';
import type { ConnectConfig } from 'ssh2';
import { type HostKeyPin, hostKeyAlgorithms, isPinned, parseHostKey } from './host-key.ts';

/** Where and as whom to log in. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  readonly passphraseFile: string | null;
  /** Pinned, as in clusters.yaml; without one nothing is connected to. */
  readonly hostKey: readonly string[];
}

/** `host:port`, for messages: whoever waits for a job reads them, so they do not say as whom we log in. */
export function describeTarget({ host, port }: SshTarget): string {
  return `${host}${port === 22 ? '' : `:${port}`}`;
}

/**
 * A silent connection is given up at the beat behind this many without an answer: after 30 to 35 s. Streams survive a
 * far end that stands still for 20 s; whatever is new does not wait for it (silence.ts).
 */
const KEEPALIVE_MS = 5000;
const KEEPALIVE_COUNT = 6;

/**
 * Options for ssh2. `onHostKey` hears the key that the server showed, accepted or not.
 * @throws ClusterError misconfigured when a file cannot be read or no key is pinned
 */
export async function connectOptions(
  target: SshTarget,
  timeoutMs: number,
  onHostKey: (blob: Buffer) => void,
): Promise<ConnectConfig> {
  const pins = target.hostKey.map(parseHostKey).filter((pin): pin is HostKeyPin => pin !== null);
  if (pins.length === 0)
    throw new ClusterError(
      'misconfigured',
      `no host key is pinned for ${target.host}; run \`npm run cluster -- trust NAME\``,
    );
  const algorithms = hostKeyAlgorithms(pins);
  const passphrase =
    target.passphraseFile === null ? null : (await read(target.passphraseFile)).trimEnd();
  return {
    host: target.host,
    port: target.port,
    username: target.user,
    privateKey: await read(target.keyFile),
    ...(passphrase === null ? {} : { passphrase }),
    readyTimeout: timeoutMs,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_COUNT,
    hostVerifier: (blob: Buffer) => {
      onHostKey(blob);
      return isPinned(blob, pins);
    },
    ...(algorithms === undefined
      ? {}
      : // The names come from pinned keys; ssh2 refuses those that it does not know.
        { algorithms: { serverHostKey: [...algorithms] as never[] } }),
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ClusterError('misconfigured', `${file} cannot be read (${code})`, error);
  }
}
