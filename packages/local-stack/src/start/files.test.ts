import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadClusters } from '@wakefield/cluster';
import { parse } from 'yaml';
import { writeClusters } from './clusters-file.ts';
import { type DataPaths, installationId, localKey, openDataDirectory } from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { heappeCluster, slurmCluster } from './private-clusters.ts';

let directory: string;
let paths: DataPaths;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wakefield-start-'));
  paths = openDataDirectory(join(directory, 'data'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('data directory', () => {
  test('the key is generated once and private; a given one wins and is not kept', () => {
    const key = localKey(paths.root, null);
    expect(key).toMatch(/^wf-[\w-]{32}$/);
    expect(localKey(paths.root, null)).toBe(key);
    expect(localKey(paths.root, 'given')).toBe('given');
    expect(localKey(paths.root, null)).toBe(key);
    expect(statSync(join(paths.root, 'api-key')).mode & 0o777).toBe(0o600);
  });

  test('has a place for models: the clusters of this machine are told of it', () => {
    expect(statSync(paths.models).isDirectory()).toBe(true);
  });

  test('the installation has a short id that stays', () => {
    expect(installationId(paths.root, 'mine')).toBe('mine');
    const drawn = installationId(paths.root, null);
    expect(drawn).toMatch(/^[a-z0-9]{6}$/);
    expect(installationId(paths.root, null)).toBe(drawn);
  });
});

describe('lockDirectory', () => {
  test('keeps a second start out, naming the first', async () => {
    const release = await lockDirectory(paths.root, 'http://127.0.0.1:8080');
    await expect(lockDirectory(paths.root, 'http://127.0.0.1:8081')).rejects.toThrow(
      `Wakefield already runs on ${paths.root}: http://127.0.0.1:8080 (process ${process.pid}).`,
    );
    release();
    (await lockDirectory(paths.root, 'x'))();
  });

  test.each([
    ['a process that is gone', { pid: 2 ** 22 + 1, began: 'x' }],
    ['another process with its number', { pid: process.pid, began: 'long ago' }],
  ])('is taken over from %s', async (_, holder) => {
    writeFileSync(join(paths.root, 'lock'), JSON.stringify({ ...holder, url: 'old' }));
    (await lockDirectory(paths.root, 'new'))();
  });

  test('one of many that come at once gets it', async () => {
    writeFileSync(join(paths.root, 'lock'), '{"pid":4194305,"began":"x","url":"old"}');
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => lockDirectory(paths.root, String(index))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('writeClusters', () => {
  const recipes = { node: '/node', simulator: '/sim.ts', vllm: null };
  const ssh = {
    host: '127.0.0.1',
    port: 22022,
    user: 'me',
    keyFile: '/k',
    hostKey: 'ssh-ed25519 A',
  };
  const inUse = () => parse(readFileSync(paths.clustersInUse, 'utf8'));

  test('at first there is a local cluster that can run the simulator', () => {
    const { clusters, localDirectories } = writeClusters(paths, recipes, []);
    expect(clusters).toEqual([{ name: 'local', kind: 'local' }]);
    expect(localDirectories).toEqual([join(paths.root, 'local')]);
    expect(inUse().clusters.local).toEqual({
      kind: 'local',
      directory: join(paths.root, 'local'),
      modelDirectory: paths.models,
      recipes: {
        simulator: { environment: { WAKEFIELD_NODE: '/node', WAKEFIELD_SIMULATOR: '/sim.ts' } },
      },
    });
  });

  test('the private SLURM is added and becomes the default, in the file in use only', () => {
    const { clusters } = writeClusters(paths, { ...recipes, vllm: '/v' }, [
      slurmCluster(paths, ssh),
    ]);
    expect(clusters).toEqual([
      { name: 'slurm-dev', kind: 'slurm-ssh' },
      { name: 'local', kind: 'local' },
    ]);
    expect(inUse()).toMatchObject({
      defaultCluster: 'slurm-dev',
      clusters: {
        'slurm-dev': {
          kind: 'slurm-ssh',
          port: 22022,
          hostKey: 'ssh-ed25519 A',
          recipes: { vllm: { setup: ["source '/v/bin/activate'"] } },
        },
      },
    });
    expect(readFileSync(paths.clusters, 'utf8')).not.toContain('slurm-dev');
  });

  test('the HEAppE is added as a centre would be, and can run what this machine has', async () => {
    const passwordFile = join(paths.root, 'password');
    const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
    const heappe = {
      ...{ url: 'http://127.0.0.1:1', user: 'me', passwordFile, nodeType: 11 },
      sftpHostKey: `ssh-ed25519 ${key}`,
    };
    const own = [slurmCluster(paths, ssh), heappeCluster(heappe)];
    const { clusters } = writeClusters(paths, recipes, own);
    expect(clusters.map(({ name }) => name)).toEqual(['heappe-dev', 'local', 'slurm-dev']);
    const entry = inUse().clusters['heappe-dev'];
    expect(entry.recipes.simulator.environment).toEqual({
      WAKEFIELD_NODE: '/node',
      WAKEFIELD_SIMULATOR: '/sim.ts',
    });
    writeFileSync(paths.clusters, JSON.stringify({ clusters: { 'heappe-dev': entry } }));
    expect((await loadClusters(paths.clusters)).clusters).toMatchObject([
      {
        kind: 'heappe',
        url: 'http://127.0.0.1:1',
        credential: { kind: 'password', user: 'me', passwordFile },
        defaults: { nodeType: 11 },
        sftpHostKey: [heappe.sftpHostKey],
        transport: { kind: 'heappe' },
      },
    ]);
  });

  test("the user's file is respected: his words stay, others' clusters are left alone", () => {
    writeFileSync(
      paths.clusters,
      `# mine
clusters:
  site: { kind: slurm-ssh, host: login, user: me, keyFile: keys/id, workingDirectory: /scratch }
  here:
    kind: local
    directory: /jobs
    recipes:
      simulator: { environment: { WAKEFIELD_NODE: /other } }
defaultCluster: site
`,
    );
    const { clusters, localDirectories } = writeClusters(paths, recipes, []);
    expect(clusters.map(({ name }) => name)).toEqual(['site', 'here']);
    expect(localDirectories).toEqual(['/jobs']);
    expect(inUse().clusters.site).toEqual({
      kind: 'slurm-ssh',
      host: 'login',
      user: 'me',
      keyFile: join(paths.root, 'keys/id'),
      workingDirectory: '/scratch',
    });
    expect(inUse().clusters.here.recipes.simulator.environment).toEqual({
      WAKEFIELD_NODE: '/other',
    });
    expect(readFileSync(paths.clusters, 'utf8')).toMatch(/^# mine\n/);
  });

  test("a file elsewhere means the same to the services, the centre's example first of all", async () => {
    const example = join(import.meta.dirname, '../../../../deploy/clusters.example.yaml');
    const elsewhere = openDataDirectory(paths.root, example);
    const { clusters, localDirectories } = writeClusters(elsewhere, recipes, []);
    const meant = await loadClusters(example);
    const read = await loadClusters(elsewhere.clustersInUse);
    const files = (cluster: (typeof read.clusters)[number]) => {
      if (cluster.kind === 'local') return cluster.directory;
      return cluster.kind === 'heappe'
        ? [cluster.credential, cluster.caFile]
        : [cluster.keyFile, cluster.transport];
    };
    expect(read.clusters.map(files)).toEqual(meant.clusters.map(files));
    expect(read.defaultCluster).toBe('karolina');
    expect(clusters.map(({ name }) => name)).toEqual(['karolina', 'lexis', 'here']);
    expect(localDirectories).toEqual([join(dirname(example), 'clusters/here')]);
    expect(existsSync(paths.clusters)).toBe(false);
  });

  test('a jump host and its keys are found beside the file, too', async () => {
    const folder = join(directory, 'mine');
    mkdirSync(folder);
    const file = join(folder, 'clusters.yaml');
    writeFileSync(
      file,
      `clusters:
  site:
    kind: slurm-ssh
    host: login
    user: me
    keyFile: id
    passphraseFile: ~/pass
    hostKey: SHA256:${'A'.repeat(43)}
    workingDirectory: /scratch
    transport: { kind: jump, host: j, user: me, keyFile: keys/jump, hostKey: 'SHA256:${'A'.repeat(43)}' }
`,
    );
    const elsewhere = openDataDirectory(paths.root, file);
    writeClusters(elsewhere, recipes, []);
    expect((await loadClusters(elsewhere.clustersInUse)).clusters).toEqual(
      (await loadClusters(file)).clusters,
    );
  });

  test('a file that is not there is not made up', () => {
    const elsewhere = openDataDirectory(paths.root, join(directory, 'none.yaml'));
    expect(() => writeClusters(elsewhere, recipes, [])).toThrow(/none\.yaml .*is not there/);
  });
});
