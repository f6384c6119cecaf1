import { listProcessesAround } from '@wakefield/local-stack';
import type { ClusterJob } from '../cluster-jobs.ts';
import { pause } from '../wakefield.ts';
import { doubled, type Ledger } from './ledger.ts';
import type { Site } from './site.ts';

/** What it takes to compare them. */
type BooksSite = Pick<Site, 'wakefield' | 'stores' | 'cluster'>;

/** What Wakefield has written down, beside what the cluster and this machine have. Empty lists are good. */
export interface Books {
  /** Jobs of the cluster that nobody intended. */
  readonly surplus: readonly string[];
  /** Jobs that the cluster took twice under one name, or that nobody can name. */
  readonly doubled: readonly string[];
  /** Written down as live, and not on the cluster. */
  readonly forgotten: readonly string[];
  /** Live on the cluster, and not written down as such. */
  readonly orphans: readonly string[];
  /** Engines that run for no live job, or twice for one. */
  readonly strayEngines: readonly string[];
}

/** One look at everything. The rows are read twice: what changed while the cluster was looked at is no difference. */
export interface Looks {
  /** Names of the live jobs, before and after the others were looked at. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Names of all jobs that were ever intended. */
  readonly written: readonly string[];
  readonly cluster: readonly ClusterJob[];
  readonly ledger: Ledger;
  /** Names of the jobs for which an engine runs. */
  readonly engines: readonly string[];
}

export interface SettledBooks {
  readonly books: Books;
  /** When they agreed, epoch milliseconds; null: they did not in time. */
  readonly at: number | null;
}

const settleWithinMs = 45_000;

/**
 * Looks until they agree; what still differs at the deadline is returned.
 * @param controllerDeaths when SLURM's controller was killed
 * @param isAtRest whether nothing that is under way will change them, besides
 */
export async function settledBooks(
  site: BooksSite,
  controllerDeaths: readonly number[],
  isAtRest: () => Promise<boolean> = async () => true,
): Promise<SettledBooks> {
  const deadline = Date.now() + settleWithinMs;
  for (;;) {
    const at = Date.now();
    const looks = await lookAtAll(site).catch(() => null);
    const books = looks === null ? null : booksOf(looks, controllerDeaths);
    const isBalanced = books !== null && Object.values(books).every((list) => list.length === 0);
    if (isBalanced && (await isAtRest().catch(() => false))) return { books, at };
    if (books !== null && Date.now() > deadline) return { books, at: null };
    if (Date.now() > deadline + 30_000) throw new Error('neither store nor cluster answers');
    await pause(300);
  }
}

export function booksOf(looks: Looks, controllerDeaths: readonly number[]): Books {
  const { before, after, written, cluster, ledger, engines } = looks;
  const live = cluster.filter(({ over }) => !over).map(({ name }) => name);
  const names = new Set(ledger.named.map(({ name }) => name));
  return {
    surplus: [...names].filter((name) => !written.includes(name)),
    doubled: doubled(ledger, controllerDeaths),
    forgotten: before.filter((name) => after.includes(name) && !live.includes(name)),
    orphans: live.filter((name) => !before.includes(name) && !after.includes(name)),
    strayEngines: [...engines.filter((name) => !live.includes(name)), ...twice(engines)],
  };
}

async function lookAtAll({ wakefield, stores, ...site }: BooksSite): Promise<Looks> {
  const namesOf = async (where: string) =>
    (await stores.rows(`select name from jobs where ${where}`)).map(({ name }) => String(name));
  const before = await namesOf("phase <> 'ended'");
  const cluster = await site.cluster.jobs(wakefield);
  const ledger = await site.cluster.ledger(wakefield);
  const engines = engineNames(wakefield.directory);
  const after = await namesOf("phase <> 'ended'");
  return { before, after, cluster, ledger, engines, written: await namesOf('true') };
}

/** By the name that each engine serves for its job alone (`identityName`). */
function engineNames(directory: string): readonly string[] {
  return listProcessesAround(directory)
    .filter(({ command }) => /\/simulator\/\S+ .*--port=/.test(command))
    .flatMap(({ command }) => /--model=__job_(\S+)/.exec(command)?.[1] ?? []);
}

function twice(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
