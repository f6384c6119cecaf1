import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ssh2, { type Server } from 'ssh2';
import { until } from '../conformance/scene.ts';
import { createSshConnection, type SshConnection } from './connection.ts';
import { createRemoteShell, type RemoteShell } from './remote-shell.ts';

/** A login node whose sshd lets us in, and then cannot start anything: its answer to `exec` comes when told. */
describe('a login node that opens no session', () => {
  let folder: string;
  let server: Server;
  let connection: SshConnection;
  let shell: RemoteShell;
  const waiting: (() => void)[] = [];
  let closed = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wf-hang-'));
    const [hostKey, userKey] = [1, 2].map(() => ssh2.utils.generateKeyPairSync('ed25519'));
    if (hostKey === undefined || userKey === undefined) throw new Error('no keys');
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, userKey.private, { mode: 0o600 });
    server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
      client.on('error', () => {});
      client.on('authentication', (attempt) => attempt.accept());
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec) => {
          waiting.push(() => {
            const channel = acceptExec();
            channel.resume();
            channel.on('close', () => closed++);
          });
        });
      });
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    connection = createSshConnection(
      {
        host: '127.0.0.1',
        port,
        user: 'somebody',
        keyFile,
        passphraseFile: null,
        hostKey: [hostKey.public],
      },
      { connectTimeoutMs: 5_000, now: Date.now, random: Math.random },
    );
    shell = createRemoteShell(connection, { now: Date.now });
  });
  afterAll(async () => {
    shell.close();
    await connection.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(folder, { recursive: true, force: true });
  });

  test('is given up in time, each place is free again, and what opens late is closed', async () => {
    const { signal } = new AbortController();
    // More than there are places: those that wait in line are given up as well.
    const answers = Array.from({ length: 10 }, () =>
      shell.run('frame code 0', [], { timeoutMs: 500, signal }),
    );
    const overdue = pause(5_000, ['still waiting'] as const, { ref: false });
    const results = await Promise.race([Promise.allSettled(answers), overdue]);
    for (const result of results)
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { kind: 'unreachable', message: expect.stringMatching(/within 0.5 s/) },
      });
    expect(results).toHaveLength(10);
    const before = waiting.length;
    const next = shell.run('frame code 0', [], { timeoutMs: 500, signal });
    await expect(next).rejects.toMatchObject({ kind: 'unreachable' });
    const asked = waiting.length;
    expect(asked).toBeGreaterThan(before);
    for (const open of waiting) open();
    await until('late sessions to be closed', async () => (closed === asked ? true : null));
  }, 30_000);
});
