import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type LocalJob, writeRecord } from './local-records.ts';
import { birthOf } from './process-table.ts';

/** Starts a job on its nodes, in a session of its own, and notes that. */
export function launch(
  directory: string,
  record: LocalJob,
  nodes: readonly string[],
  supervisor: string,
  killWaitSeconds: number,
): void {
  const { job } = record;
  mkdirSync(dirname(job.standardOutput), { recursive: true });
  // As `sbatch --wrap` does it.
  const script = `#!/bin/sh\n# This script was created by sbatch --wrap.\n\n${job.wrap}\n`;
  writeFileSync(join(directory, 'script'), script);
  writeFileSync(join(directory, 'output'), job.standardOutput);
  writeFileSync(join(directory, 'error'), job.standardError);
  const child = spawn(
    '/bin/bash',
    [supervisor, directory, String(job.walltimeSeconds), String(killWaitSeconds)],
    { detached: true, stdio: 'ignore', env: environmentOf(record, nodes) },
  );
  child.on('error', () => {});
  child.unref();
  const pid = child.pid ?? -1;
  record.launched = { pid, birth: birthOf(pid), at: Date.now(), nodes };
  writeRecord(directory, record);
}

function environmentOf({ id, job }: LocalJob, nodes: readonly string[]): Record<string, string> {
  const gpus = Array.from({ length: Math.ceil(job.gpus / nodes.length) }, (_, index) => index);
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: existsSync(job.home) ? job.home : '/',
    USER: job.account,
    LOGNAME: job.account,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    SLURM_JOB_ID: id,
    SLURM_JOBID: id,
    SLURM_JOB_NAME: job.name,
    SLURM_JOB_NODELIST: nodes.join(','),
    SLURMD_NODENAME: nodes[0] ?? '',
    SLURM_JOB_PARTITION: job.queue,
    ...(gpus.length > 0 ? { CUDA_VISIBLE_DEVICES: gpus.join(',') } : {}),
    ...Object.fromEntries(job.environment.map(({ name, value }) => [name, value])),
  };
}
