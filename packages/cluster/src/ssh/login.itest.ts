import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ClusterDriver } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { createDriver } from '../create-driver.ts';
import { fingerprint, parseHostKey } from './host-key.ts';

const signal = new AbortController().signal;

describe('logging in', () => {
  let cluster: TestSlurm;
  let folder: string;
  const open: ClusterDriver[] = [];
  const look = (change: Readonly<Record<string, unknown>>) => {
    const driver = createDriver(cluster.config(change), { installation: 'log' });
    open.push(driver);
    return driver.observe([], signal);
  };
  const shown = () => {
    const pin = parseHostKey(cluster.slurm.ssh.hostKey);
    return pin?.kind === 'key' ? fingerprint(pin.blob) : '';
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wf-login-'));
    cluster = await startTestSlurm({ nodes: [{ name: 'cn01', gres: '', features: '' }] });
  });
  afterAll(async () => {
    for (const driver of open) await driver.close();
    expect(await cluster.stop()).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICm+Ja+J9v93R5gwggN9IljFW1Jf432D/TofatB/2QP6';

  test('works with one of several keys, and with a fingerprint', async () => {
    await expect(look({ hostKey: [other, cluster.slurm.ssh.hostKey] })).resolves.toBeDefined();
    await expect(look({ hostKey: shown() })).resolves.toBeDefined();
  });

  test('refuses another host key and says which one it saw', async () => {
    await expect(look({ hostKey: other })).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining(shown()),
    });
  });

  test('refuses to go on without a host key', async () => {
    await expect(look({ hostKey: undefined })).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('trust'),
    });
  });

  test('says that the key is not accepted, or cannot be used', async () => {
    await expect(look({ user: 'nobody' })).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ does not accept the key/),
    });
    await expect(look({ keyFile: join(folder, 'none') })).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('ENOENT'),
    });
    await writeFile(join(folder, 'broken'), 'no key');
    await expect(look({ keyFile: join(folder, 'broken') })).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('broken'),
    });
  });

  test('says that nobody is there', async () => {
    await expect(look({ host: 'no-such-host.invalid' })).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('does not resolve'),
    });
    await expect(look({ port: 1 })).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('connection refused'),
    });
  });
});
