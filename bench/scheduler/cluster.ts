import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PrivateSlurm, startSlurm } from '../../packages/local-stack/src/index.ts';

/** A login node with a real sshd, where squeue reads from a file what a busy controller would say. */
export interface RecordedCluster {
  /** An entry of clusters.yaml. */
  readonly entry: object;
  /** Records these jobs as running, with the files that their scripts would have written. */
  record(jobs: readonly RecordedJob[]): Promise<void>;
  stop(): Promise<void>;
}

export interface RecordedJob {
  readonly name: string;
  readonly clusterJobId: string;
  readonly startedAt: Date;
  readonly endsAt: Date;
  /** Of its engine, on loopback. */
  readonly port: number;
}

/** @param root a folder of the caller's */
export async function startRecordedCluster(root: string): Promise<RecordedCluster> {
  const shims = join(root, 'bin');
  const recording = join(root, 'queue.txt');
  const workingDirectory = join(root, 'work');
  await mkdir(shims, { recursive: true });
  await writeFile(recording, '');
  await writeFile(join(shims, 'squeue'), `#!/bin/sh\nexec cat '${recording}'\n`, { mode: 0o755 });
  // Nodes that nobody takes out of service.
  await writeFile(join(shims, 'sinfo'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const slurm: PrivateSlurm = await startSlurm({
    directory: join(root, 'slurm'),
    loginEnvironment: { HOME: root, PATH: `${shims}:/usr/local/bin:/usr/bin:/bin` },
  });
  return {
    entry: {
      kind: 'slurm-ssh',
      ...slurm.ssh,
      workingDirectory,
      transport: { kind: 'direct' },
      nodeAddress: { fixed: '127.0.0.1' },
      // One server stands for all engines, wherever the system lets it listen.
      ports: { from: 1024, to: 65_535 },
    },
    async record(jobs) {
      for (const job of jobs) await writeFiles(join(workingDirectory, 'jobs', job.name), job);
      await writeFile(recording, jobs.map(queueLine).join(''));
    },
    stop: () => slurm.stop(),
  };
}

/** As squeue prints it in the format that the driver asks for (packages/cluster/src/slurm-ssh/queue.ts). */
function queueLine({ clusterJobId, name, startedAt, endsAt }: RecordedJob): string {
  const start = slurmTime(startedAt);
  return `${clusterJobId}|RUNNING|None|cn01|${start}|${slurmTime(endsAt)}|${start}|${name}\n`;
}

function slurmTime(at: Date): string {
  return at.toISOString().slice(0, 19);
}

async function writeFiles(directory: string, job: RecordedJob): Promise<void> {
  await mkdir(directory, { recursive: true });
  const endpoint = { host: '127.0.0.1', port: job.port, pid: 1, at: job.startedAt.toISOString() };
  await writeFile(join(directory, 'endpoint.json'), JSON.stringify(endpoint));
  await writeFile(join(directory, 'owner'), job.clusterJobId);
}
