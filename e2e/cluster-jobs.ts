import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Questions } from './questions.ts';
import { eventually, type Wakefield } from './wakefield.ts';

const run = promisify(execFile);

/** Where its files are. */
type Site = Pick<Wakefield, 'directory'>;

export type ClusterKind = 'local' | 'slurm-dev' | 'heappe-dev';

/** Every kind of cluster that `npm start` can bring up here, for tables of tests. */
export const clusterKinds: readonly {
  readonly cluster: ClusterKind;
  readonly name: string;
  readonly args: readonly string[];
}[] = [
  { cluster: 'local', name: 'local cluster', args: [] },
  { cluster: 'slurm-dev', name: 'private SLURM', args: ['--slurm'] },
  { cluster: 'heappe-dev', name: 'HEAppE', args: ['--heappe'] },
];

/** A job as the cluster itself has it, whatever Wakefield thinks of it. */
export interface ClusterJob {
  readonly id: string;
  readonly name: string;
  readonly over: boolean;
}

/** All that the cluster remembers. */
export async function clusterJobs(
  wakefield: Wakefield,
  cluster: ClusterKind,
): Promise<readonly ClusterJob[]> {
  switch (cluster) {
    case 'local':
      return localJobs(wakefield.directory);
    case 'slurm-dev':
      return slurmJobs(wakefield);
    case 'heappe-dev':
      return heappeJobs(wakefield);
  }
}

export async function slurmJobs(wakefield: Site): Promise<readonly ClusterJob[]> {
  const text = await squeue(wakefield, '-t', 'all');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', name = '', state = ''] = line.split('|');
      return {
        id,
        name,
        over: !/^(PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED)$/.test(state),
      };
    });
}

/**
 * When the engine of a job said in its log that it was ready, epoch milliseconds; null: it did not.
 * @param log where that is, as a pattern below the directory
 */
export async function engineReadyAt(directory: string, log: string): Promise<number | null> {
  const [file] = globSync(join(directory, log));
  const text = file === undefined ? '' : await readFile(file, 'utf8').catch(() => '');
  const line = /^INFO (\S+) .*Application startup complete/m.exec(text);
  return line === null ? null : Date.parse(line[1] ?? '');
}

/**
 * slurmctld writes its state every few seconds: killed before that, it forgets a job, or starts it again. A change
 * that comes after everything else is written down with everything else.
 */
export async function controllerRemembers(directory: string, jobId: string): Promise<void> {
  const state = join(directory, 'slurm/state/job_state');
  const since = Date.now();
  await slurm({ directory }, 'scontrol', 'update', `JobId=${jobId}`, 'AdminComment=remembered');
  await eventually(
    'the controller to write down that the job runs',
    async () => ((await stat(state).catch(() => null))?.mtimeMs ?? 0) > since,
  );
}

/** Lines `id|name|state` of the private SLURM. */
export function squeue({ directory }: Site, ...args: readonly string[]): Promise<string> {
  return slurm({ directory }, 'squeue', '-h', '-o', '%A|%j|%T', ...args);
}

/** How often the controller of the private SLURM was asked, by kind of question. */
export async function controllerQuestions({ directory }: Site): Promise<Questions> {
  const lines = (await slurm({ directory }, 'sdiag')).matchAll(
    /^\s+(REQUEST_\w+)\s.*count:(\d+)/gm,
  );
  return new Map([...lines].map(([, kind = '', count]) => [kind, Number(count)]));
}

/** A client of SLURM, as its administrator would call it. */
export async function slurm(
  { directory }: Site,
  client: string,
  ...args: readonly string[]
): Promise<string> {
  const env = { ...process.env, SLURM_CONF: join(directory, 'slurm/etc/slurm.conf') };
  return (await run(client, [...args], { env, timeout: 10_000 })).stdout;
}

/** Of the private SLURM. DOWN: nobody is started in any of them, and whoever runs runs on. */
export async function setPartitions(site: Site, state: 'UP' | 'DOWN'): Promise<void> {
  for (const name of ['gpu', 'preempt', 'debug'])
    await slurm(site, 'scontrol', 'update', `PartitionName=${name}`, `State=${state}`);
}

/** A job of the HEAppE for tests; times in epoch milliseconds. */
export interface HeappeJob {
  readonly id: number;
  readonly specificationId: number;
  readonly specification: { readonly name: string };
  /** JobState of HEAppE: 16 finished, 32 failed, 64 cancelled, 256 deleted. */
  readonly state: number;
  readonly tasks: readonly { readonly specificationId: number }[];
  /** null: it was made and never submitted. */
  readonly submitTime: number | null;
}

/** All that it has ever had, as it keeps them. */
export async function heappeWorld({ directory }: Site): Promise<readonly HeappeJob[]> {
  const file = join(directory, 'heappe/database/world.json');
  return JSON.parse(await readFile(file, 'utf8')).jobs;
}

/** What its cluster took from it, oldest first; the name is the id of a task's specification. */
export async function heappeSubmissions({ directory }: Site): Promise<
  readonly {
    readonly name: string;
    readonly id: string;
    readonly at: number;
  }[]
> {
  const file = join(directory, 'heappe/submissions.jsonl');
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)));
}

/** One that HEAppE gave up or that was deleted before it ran has no time of its end. */
const overStates = new Set([16, 32, 64, 256]);

export async function heappeJobs(site: Site): Promise<readonly ClusterJob[]> {
  return (await heappeWorld(site)).map(({ id, specification, state }) => ({
    id: String(id),
    name: specification.name,
    over: overStates.has(state),
  }));
}

async function localJobs(directory: string): Promise<readonly ClusterJob[]> {
  const jobs = join(directory, 'local/jobs');
  const names = (await readdir(jobs).catch(() => [])).filter((name) => !name.startsWith('.'));
  return Promise.all(
    names.map(async (name) => {
      const records = join(jobs, name, '.batch');
      const { clusterJobId } = JSON.parse(await readFile(join(records, 'job.json'), 'utf8'));
      return { id: String(clusterJobId), name, over: existsSync(join(records, 'end.json')) };
    }),
  );
}
