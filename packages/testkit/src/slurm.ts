import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterConfig, parseClusters } from '@wakefield/cluster';
import { type PrivateSlurm, type SlurmOptions, startSlurm } from '@wakefield/local-stack';

/** A private SLURM for one test file, in a directory of its own. */
export interface TestSlurm {
  readonly slurm: PrivateSlurm;
  /** For the cluster's working directory: shared by login and compute nodes, as they are one machine. */
  readonly workingDirectory: string;
  /** The entry of clusters.yaml for it, checked as a real one is; `change` replaces keys. */
  config(change?: Readonly<Record<string, unknown>>): SlurmClusterConfig;
  /** A file below the working directory; null while it is not there. */
  read(path: string): Promise<string | null>;
  /** Ends everything and removes the directory. @returns pids that were left over: none, if all is well */
  stop(): Promise<readonly number[]>;
}

export type SlurmClusterConfig = Extract<ClusterConfig, { kind: 'slurm-ssh' }>;

export async function startTestSlurm(
  options: Omit<SlurmOptions, 'directory'> = {},
): Promise<TestSlurm> {
  const root = await mkdtemp(join(tmpdir(), 'wf-slurm-test-'));
  // A login must not run the profile of whoever runs the tests.
  const home = join(root, 'home');
  await mkdir(home);
  const slurm = await startSlurm({
    ...options,
    loginEnvironment: { HOME: home, ...options.loginEnvironment },
    directory: join(root, 'slurm'),
  });
  // A path as people have them: with a space, a quote and letters beyond ASCII.
  const workingDirectory = join(root, `pr ojekt's ä%j`);
  return {
    slurm,
    workingDirectory,
    config(change = {}) {
      const entry = {
        kind: 'slurm-ssh',
        ...slurm.ssh,
        workingDirectory,
        nodeAddress: { fixed: '127.0.0.1' },
        cadence: { busy: '200ms', quiet: '2s' },
        ...change,
      };
      const text = JSON.stringify({ clusters: { 'slurm-test': entry } });
      const [cluster] = parseClusters(text, join(root, 'clusters.yaml')).clusters;
      if (cluster?.kind !== 'slurm-ssh') throw new Error('not a slurm-ssh cluster');
      return cluster;
    },
    read: (path) => readFile(join(workingDirectory, path), 'utf8').catch(() => null),
    async stop() {
      await slurm.stop();
      const left = slurm.strays();
      await rm(root, { recursive: true, force: true });
      return left;
    },
  };
}
