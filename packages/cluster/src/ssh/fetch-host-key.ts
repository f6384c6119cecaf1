import { ClusterError } from '@wakefield/control';
import { Client } from 'ssh2';
import { connectFailure } from './failures.ts';

/**
 * The key that a server shows, without logging in.
 * @throws ClusterError unreachable
 */
export function fetchHostKey(
  address: { readonly host: string; readonly port: number },
  timeoutMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    const fail = (error: Error) =>
      reject(
        connectFailure(
          error,
          { ...address, user: '', keyFile: '', passphraseFile: null, hostKey: [] },
          null,
        ),
      );
    client.on('error', (error) => {
      fail(error);
      client.destroy();
    });
    client.once('close', () => fail(new ClusterError('unreachable', `${address.host} hung up`)));
    client.connect({
      ...address,
      username: 'nobody',
      readyTimeout: timeoutMs,
      hostVerifier: (blob: Buffer) => {
        resolve(blob);
        return false;
      },
    });
  });
}
