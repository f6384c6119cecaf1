import { execFile } from 'node:child_process';
import { type Scheduler, SchedulerRefusal } from './scheduler.ts';
import type { SchedulerSettings } from './settings.ts';
import { readJobs, readPrediction } from './slurm-words.ts';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Drives SLURM's clients as HEAppE does: one line of shell per call, `sbatch … --wrap '…'`, `scontrol show JobId`,
 * `scancel`. HEAppE sends the line through ssh to the login node; here a shell on this machine gets it.
 */
export function createSlurmScheduler(
  settings: Extract<SchedulerSettings, { kind: 'slurm' }>,
): Scheduler {
  const environment = { ...settings.environment };
  const shell = (line: string, home?: string): Promise<Outcome> =>
    new Promise((resolve) => {
      const env = home === undefined ? environment : { ...environment, HOME: home };
      const options = { env, maxBuffer: 64 << 20, timeout: 60_000, cwd: '/' };
      // With a socket for its input bash takes itself for a login by network, and would read ~/.bashrc.
      const words = ['--norc', '--noprofile', '-c', line];
      execFile('/bin/bash', words, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      });
    });
  const purged = new Set<string>();

  return {
    async submit(job) {
      const line = `sbatch${job.options} --wrap '${job.wrap}'`;
      const { code, stdout, stderr } = await shell(line, job.home);
      const said = `${stdout}${stderr}`;
      const id = /\d+/.exec(said)?.[0];
      if (code !== 0 || /error|Invalid|Failed/.test(said) || id === undefined) {
        throw new SchedulerRefusal(said.trim());
      }
      return id;
    },
    async look(ids) {
      const wanted = ids.filter((id) => !purged.has(id));
      if (wanted.length === 0) return new Map();
      const line = wanted.map((id) => `scontrol show JobId ${id} -o`).join(';');
      const { stdout } = await shell(line);
      return new Map(readJobs(stdout).map((job) => [job.id, job]));
    },
    async cancel(id) {
      await shell(`scancel ${id}`);
    },
    async predict(request) {
      // As HEAppE words it: one GPU per node, and of the walltime only what is left of whole days.
      const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
      const time = `${two((request.walltimeMinutes / 60) % 24)}:${two(request.walltimeMinutes % 60)}:00`;
      const gpus = request.isGpu ? ` --gpus=${request.nodes}` : '';
      const { code, stdout, stderr } = await shell(
        `sbatch --job-name=dryrun --account=${request.accountingString} --partition=${request.queue} --nodes=${request.nodes} --ntasks-per-node=${request.tasksPerNode} --time=${time} --output=dummy.out --error=dummy.err${gpus} --test-only --wrap true`,
      );
      if (code !== 0) throw new SchedulerRefusal(`${stdout}${stderr}`.trim());
      return readPrediction(stderr);
    },
    async addressOf(node) {
      const { stdout } = await shell(`scontrol show node ${node} -o`);
      return /NodeAddr=(\S+)/.exec(stdout)?.[1] ?? null;
    },
    async purge(id) {
      purged.add(id);
    },
    async close() {},
  };
}
