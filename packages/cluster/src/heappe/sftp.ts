import { ClusterError } from '@wakefield/control';
import { Client, type SFTPWrapper } from 'ssh2';
import { connectFailure } from '../ssh/failures.ts';
import { type HostKeyPin, hostKeyAlgorithms, isPinned, parseHostKey } from '../ssh/host-key.ts';
import type { FileAccess } from './api/files.ts';

/**
 * Puts files into the directory of a job's only task by SFTP, with the temporary login that HEAppE gave out for the job,
 * each 0600 from its first byte on. The task's directory is named by an id that no call tells: it is the one in the job's.
 * @param hostKeys pinned: HEAppE names the server and not its key
 */
export async function putBySftp(
  access: FileAccess,
  files: Readonly<Record<string, string>>,
  {
    hostKeys,
    timeoutMs,
    signal,
  }: { hostKeys: readonly string[]; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const client = await login(access, hostKeys, timeoutMs);
  const giveUp = () => client.destroy();
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const sftp = await openSftp(client);
    const directory = await taskDirectory(sftp, access.SharedBasepath);
    for (const [name, content] of Object.entries(files))
      await write(sftp, `${directory}/${name}`, content);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    client.end();
  }
}

async function login(
  access: FileAccess,
  hostKeys: readonly string[],
  timeoutMs: number,
): Promise<Client> {
  const { ServerHostname: host, Port, Credentials } = access;
  const pins = hostKeys.map(parseHostKey).filter((pin): pin is HostKeyPin => pin !== null);
  if (pins.length === 0)
    throw new ClusterError(
      'misconfigured',
      `no sftpHostKey is set for ${host}, and this HEAppE takes files by SFTP only`,
    );
  const algorithms = hostKeyAlgorithms(pins);
  const target = {
    host,
    port: Port ?? 22,
    user: Credentials.Username,
    keyFile: "HEAppE's",
    passphraseFile: null,
    hostKey: hostKeys,
  };
  let shown: Buffer | null = null;
  try {
    return await new Promise<Client>((resolve, reject) => {
      const client = new Client();
      client.once('ready', () => resolve(client));
      // Errors after the login are followed by 'close'; without a listener they would be thrown.
      client.on('error', (error) => {
        reject(error);
        client.destroy();
      });
      client.once('close', () =>
        reject(new ClusterError('unreachable', `${host} closed the connection`)),
      );
      client.connect({
        host,
        port: target.port,
        username: target.user,
        privateKey: Credentials.PrivateKey ?? '',
        ...(Credentials.Passphrase ? { passphrase: Credentials.Passphrase } : {}),
        readyTimeout: timeoutMs,
        hostVerifier: (blob: Buffer) => {
          shown = blob;
          return isPinned(blob, pins);
        },
        // The names come from pinned keys; ssh2 refuses those that it does not know.
        ...(algorithms === undefined
          ? {}
          : { algorithms: { serverHostKey: [...algorithms] as never[] } }),
      });
    });
  } catch (error) {
    throw connectFailure(error as Error, target, shown);
  }
}

function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.once('close', () => reject(lost()));
    client.sftp((error, sftp) => {
      if (error === undefined || error === null) resolve(sftp);
      else reject(new ClusterError('unreachable', `SFTP: ${error.message}`, error));
    });
  });
}

function taskDirectory(sftp: SFTPWrapper, jobDirectory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    sftp.once('close', () => reject(lost()));
    sftp.readdir(jobDirectory, (error, entries) => {
      const [only, another] = (entries ?? []).filter(({ filename }) => /^\d+$/.test(filename));
      if (only !== undefined && another === undefined) resolve(`${jobDirectory}/${only.filename}`);
      else {
        const words = error?.message ?? 'it has not exactly one task directory';
        reject(new ClusterError('unreachable', `${jobDirectory}: ${words}`, error));
      }
    });
  });
}

function lost(): ClusterError {
  return new ClusterError('unreachable', 'the SFTP connection was lost');
}

function write(sftp: SFTPWrapper, path: string, content: string): Promise<void> {
  return new Promise((resolve, reject) => {
    sftp.once('close', () => reject(lost()));
    sftp.writeFile(path, content, { mode: 0o600 }, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(new ClusterError('unreachable', `${path}: ${error.message}`, error));
    });
  });
}
