import { randomUUID } from 'node:crypto';
import { link, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './has-code.ts';
import type { ProcessId } from './process-table.ts';
import { readPart, withRegularFile } from './regular-file.ts';

/** What was submitted; written once, before the job can be seen. */
export interface JobSpec {
  readonly clusterJobId: string;
  readonly project: string;
  readonly walltimeMs: number;
  readonly gpuCount: number;
  readonly submittedAt: number;
  readonly environment: Readonly<Record<string, string>>;
  /** From TERM to KILL. */
  readonly killWaitMs: number;
}

/** It was given its place; its runner is started. */
export interface StartRecord {
  readonly at: number;
  /** Indices of the GPUs that are its own. */
  readonly gpus: readonly number[];
}

/** Its runner has taken it over. */
export interface RunRecord {
  readonly runner: ProcessId;
  readonly startedAt: number;
  readonly endsAt: number;
}

/** It is over. The first record stands. */
export interface EndRecord {
  readonly state: 'completed' | 'failed' | 'cancelled' | 'timeout' | 'node_failed';
  readonly reason: string | null;
  readonly at: number;
}

/** Everything that the driver and the runner wrote about one job. */
export interface LocalJob {
  readonly name: string;
  readonly spec: JobSpec;
  readonly start: StartRecord | null;
  readonly run: RunRecord | null;
  /** The batch shell: leader of the job's session. */
  readonly shell: ProcessId | null;
  readonly end: EndRecord | null;
}

/** Folder of our own records inside a job's directory, beside the files that the job's script writes. */
export const recordsFolder = '.batch';

export const recordFiles = {
  spec: 'job.json',
  start: 'start.json',
  run: 'run.json',
  shell: 'shell.json',
  end: 'end.json',
} as const;

export function recordPath(directory: string, record: keyof typeof recordFiles): string {
  return join(directory, recordsFolder, recordFiles[record]);
}

/**
 * Creates the file with its whole content, unless it is there already: link(2) is atomic.
 * @returns whether we were the first
 */
export async function createOnce(path: string, value: unknown): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(value), { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** null when it is not there, or was cut short by a crash of the machine. */
export async function readJson<T>(path: string): Promise<T | null> {
  const text = await readText(path);
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

/** Far more than any record or file of a job has. */
const longestText = 1 << 20;

/** null: it is not there, or no regular file. */
export async function readText(path: string): Promise<string | null> {
  return await withRegularFile(path, async (file, size) =>
    (await readPart(file, 0, Math.min(size, longestText))).toString('utf8'),
  );
}

/** @returns the job, or null when there is none of that name */
export async function readJob(jobsDirectory: string, name: string): Promise<LocalJob | null> {
  const directory = join(jobsDirectory, name);
  const record = <T>(kind: keyof typeof recordFiles) => readJson<T>(recordPath(directory, kind));
  // In order of their writing backwards: what is seen is never older than what follows from it.
  const end = await record<EndRecord>('end');
  const [spec, start, run, shell] = await Promise.all([
    record<JobSpec>('spec'),
    record<StartRecord>('start'),
    record<RunRecord>('run'),
    record<ProcessId>('shell'),
  ]);
  return spec === null ? null : { name, spec, start, run, shell, end };
}

/** Every job of the directory, in order of submission. */
export async function readJobs(jobsDirectory: string): Promise<readonly LocalJob[]> {
  const names = (await readdir(jobsDirectory)).filter((name) => !name.startsWith('.'));
  const jobs = await Promise.all(names.map((name) => readJob(jobsDirectory, name)));
  return jobs
    .filter((job) => job !== null)
    .sort((a, b) => a.spec.submittedAt - b.spec.submittedAt || (a.name < b.name ? -1 : 1));
}
