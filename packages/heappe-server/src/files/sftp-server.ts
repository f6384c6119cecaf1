import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import ssh2, { type AuthContext, type Connection } from 'ssh2';
import { newKeyPair } from './key-pair.ts';
import { serveSftp } from './sftp-session.ts';

/** Who may come with which key, and what they see. */
export interface SftpAccount {
  readonly username: string;
  readonly publicKeys: readonly string[];
  readonly root: string;
}

interface SftpServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The cluster's login node, as far as file transfer needs one: public keys only, SFTP only. Its host key is kept, as a
 * login node's is, and its public half in `.pub`.
 * @throws the listen error
 */
export async function startSftpServer(options: {
  readonly host: string;
  readonly port: number;
  readonly hostKeyFile: string;
  readonly account: (username: string) => SftpAccount | null;
}): Promise<SftpServer> {
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey(options.hostKeyFile)] }, (client) => {
    connections.add(client);
    client.on('close', () => connections.delete(client));
    client.on('error', () => {});
    let account: SftpAccount | null = null;
    client.on('authentication', (context) => {
      account = options.account(context.username);
      if (account !== null && isKeyOf(account, context)) context.accept();
      else context.reject(['publickey']);
    });
    client.on('session', (accept) => {
      const session = accept();
      session.on('sftp', (acceptSftp) => {
        if (account !== null) serveSftp(acceptSftp(), account.root);
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.end();
      }),
  };
}

function isKeyOf({ publicKeys }: SftpAccount, context: AuthContext): boolean {
  if (context.method !== 'publickey') return false;
  return publicKeys.some((text) => {
    const key = ssh2.utils.parseKey(text);
    if (key instanceof Error) return false;
    if (!key.getPublicSSH().equals(context.key.data)) return false;
    if (context.signature === undefined || context.blob === undefined) return true;
    return key.verify(context.blob, context.signature, context.hashAlgo) === true;
  });
}

/** Its public half stands in a file beside it, for whoever has to know it beforehand. */
function hostKey(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const { privateKey, publicKey } = newKeyPair();
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.pub`, `${publicKey}\n`);
    writeFileSync(file, privateKey, { mode: 0o600 });
    return privateKey;
  }
}
