import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HeappeJob, slurmJobs } from '../cluster-jobs.ts';
import type { Wakefield } from '../wakefield.ts';

/** Every job of a cluster since its boot, as the cluster itself wrote it down. */
export interface Ledger {
  /** Submissions that it took, oldest first. */
  readonly taken: readonly { readonly id: string; readonly at: number }[];
  /** Names of those in its queue and of those that have ended. */
  readonly named: readonly { readonly id: string; readonly name: string }[];
}

/**
 * Of the private SLURM: from its controller's log, its queue and the file of those that have ended (`JobCompType=jobcomp/filetxt`).
 * Rejects while the controller does not answer.
 */
export async function ledgerOf({ directory }: Pick<Wakefield, 'directory'>): Promise<Ledger> {
  const logs = join(directory, 'slurm/log');
  const read = (name: string) => readFile(join(logs, name), 'utf8').catch(() => '');
  // A job that ends meanwhile is in both.
  const queue = await slurmJobs({ directory });
  const ended = endedIn(await read('jobcomp.txt'));
  return { taken: takenIn(await read('slurmctld.log')), named: [...ended, ...queue] };
}

/** slurmctld's line for each batch job that it takes, at its level `info`; local time without a zone. */
export function takenIn(log: string): Ledger['taken'] {
  const lines = log.matchAll(/^\[(\S+)\] _slurm_rpc_submit_batch_job: JobId=(\d+) /gm);
  return [...lines].map(([, time = '', id = '']) => ({ id, at: Date.parse(time) }));
}

/**
 * Of a HEAppE: it remembers one submission of each job, its cluster all of them. A second one of a job counts as
 * another job of its name.
 */
export function heappeLedgerOf(
  jobs: readonly Pick<HeappeJob, 'id' | 'specification' | 'tasks'>[],
  submissions: readonly { readonly name: string; readonly id: string; readonly at: number }[],
): Ledger {
  const jobOf = new Map(
    jobs.flatMap((job) =>
      job.tasks.map(({ specificationId }) => [String(specificationId), job] as const),
    ),
  );
  const taken: { id: string; at: number }[] = [];
  const named: { id: string; name: string }[] = [];
  const seen = new Set<string>();
  for (const { name, id, at } of submissions) {
    const job = jobOf.get(name);
    if (job === undefined) {
      taken.push({ id, at });
      continue;
    }
    const own = String(job.id);
    taken.push({ id: own, at });
    named.push({ id: seen.has(own) ? `${own}, as ${id}` : own, name: job.specification.name });
    seen.add(own);
  }
  return { taken, named };
}

function endedIn(text: string): Ledger['named'] {
  const lines = text.matchAll(/^JobId=(\d+) .*? Name=(\S+) /gm);
  return [...lines].map(([, id = '', name = '']) => ({ id, name }));
}

/** The controller writes its state every few seconds: killed before that, it forgets what it took. */
const unsavedMs = 15_000;

/**
 * Jobs that no intent stands for: a name that was given twice, whatever became of either, and a submission that
 * nobody can name.
 * @param controllerDeaths when the controller was killed, epoch milliseconds
 */
export function doubled(
  { taken, named }: Ledger,
  controllerDeaths: readonly number[],
): readonly string[] {
  const ids = new Map<string, Set<string>>();
  for (const { id, name } of named) ids.set(name, (ids.get(name) ?? new Set()).add(id));
  const known = new Set(named.map(({ id }) => id));
  const isForgotten = (at: number) =>
    controllerDeaths.some((death) => at <= death && at > death - unsavedMs);
  return [
    ...[...ids]
      .filter(([, all]) => all.size > 1)
      .map(([name, all]) => `${name} as ${[...all].join(' and ')}`),
    ...taken
      .filter(({ id, at }) => !known.has(id) && !isForgotten(at))
      .map(({ id }) => `job ${id} without a name`),
  ];
}
