import { listProcessesAround } from '@wakefield/local-stack';
import { squeue } from '../cluster-jobs.ts';
import { pause } from '../wakefield.ts';
import type { Site } from './site.ts';

/** What it takes to compare them. */
type BooksSite = Pick<Site, 'wakefield' | 'stores'>;

/** What Wakefield has written down, beside what the cluster and this machine have. Empty lists are good. */
export interface Books {
  /** Jobs of the cluster that nobody intended, or that have a name twice. */
  readonly surplus: readonly string[];
  /** Written down as live, and not on the cluster. */
  readonly forgotten: readonly string[];
  /** Live on the cluster, and not written down as such. */
  readonly orphans: readonly string[];
  /** Engines that run for no live job, or twice for one. */
  readonly strayEngines: readonly string[];
}

const settleWithinMs = 45_000;

/** Looks until they agree; what still differs at the deadline is returned. */
export async function settledBooks(site: BooksSite): Promise<Books> {
  const deadline = Date.now() + settleWithinMs;
  for (;;) {
    const books = await compare(site).catch(() => null);
    const isBalanced = books !== null && Object.values(books).every((list) => list.length === 0);
    if (books !== null && (isBalanced || Date.now() > deadline)) return books;
    if (Date.now() > deadline + 30_000) throw new Error('neither store nor cluster answers');
    await pause(300);
  }
}

/** The rows are read twice: what changed while the cluster was looked at is no difference. */
async function compare(site: BooksSite): Promise<Books> {
  const before = await liveNames(site);
  const lines = (await squeue(site.wakefield, '-t', 'all'))
    .split('\n')
    .filter((line) => line !== '');
  const seen = lines.map((line) => {
    const [, name = '', state = ''] = line.split('|');
    return { name, live: /^(PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED)$/.test(state) };
  });
  const engines = engineNames(site.wakefield.directory);
  const after = await liveNames(site);
  const written = new Set(
    (await site.stores.rows('select name from jobs')).map(({ name }) => String(name)),
  );
  const live = seen.filter((job) => job.live).map(({ name }) => name);
  return {
    surplus: [
      ...seen.filter(({ name }) => !written.has(name)).map(({ name }) => name),
      ...doubles(live),
    ],
    forgotten: before.filter((name) => after.includes(name) && !live.includes(name)),
    orphans: live.filter((name) => !before.includes(name) && !after.includes(name)),
    strayEngines: [...engines.filter((name) => !live.includes(name)), ...doubles(engines)],
  };
}

async function liveNames({ stores }: BooksSite): Promise<readonly string[]> {
  const rows = await stores.rows("select name from jobs where phase <> 'ended'");
  return rows.map(({ name }) => String(name));
}

/** By the name that each engine serves for its job alone (`identityName`). */
function engineNames(directory: string): readonly string[] {
  return listProcessesAround(directory)
    .filter(({ command }) => /\/simulator\/\S+ .*--port=/.test(command))
    .flatMap(({ command }) => /--model=__job_(\S+)/.exec(command)?.[1] ?? []);
}

function doubles(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
