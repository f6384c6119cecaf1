import { listProcessesAround } from '@wakefield/local-stack';
import type { ServiceName } from '../victims.ts';
import { eventually } from '../wakefield.ts';
import type { PlugSite } from './plugs.ts';
import { sessionsOf } from './processes.ts';
import { descriptorCount, socketCount } from './sockets.ts';

/** What a Wakefield takes up. */
export interface Footprint {
  /** Processes by what they are. */
  readonly processes: Readonly<Record<string, number>>;
  /** Sockets of each service, sessions of sshd and of Postgres. */
  readonly sockets: Readonly<Record<string, number>>;
  /** Open files of each service. */
  readonly descriptors: Readonly<Record<string, number>>;
  /** Redis keys that no time removes, by kind. */
  readonly keys: Readonly<Record<string, number>>;
  /** Rows that are not history. */
  readonly rows: Readonly<Record<string, number>>;
  /** Live jobs of the cluster: each has processes and a row. */
  readonly jobs: number;
}

const services: readonly ServiceName[] = ['api', 'scheduler', 'proxy'];

export async function footprintOf(site: PlugSite): Promise<Footprint> {
  const { services: running } = await site.wakefield.runFile();
  const of = (count: (pid: number) => number) =>
    Object.fromEntries(
      services.map((name) => [name, running[name].reduce((sum, { pid }) => sum + count(pid), 0)]),
    );
  const [rows = {}] = await site.stores.rows(rowsSql);
  const [sessions = {}] = await site.stores.rows(sessionsSql);
  const jobs = await site.cluster.jobs(site.wakefield);
  return {
    processes: processesOf(site.wakefield.directory),
    sockets: {
      ...of(socketCount),
      'sessions of sshd': sessionsOf(site).length,
      'sessions of Postgres': Number(sessions.count),
    },
    descriptors: of(descriptorCount),
    keys: counted((await site.stores.keysWithoutExpiry()).map(kindOfKey)),
    rows: Object.fromEntries(Object.entries(rows).map(([name, count]) => [name, Number(count)])),
    jobs: jobs.filter(({ over }) => !over).length,
  };
}

/** Leases of a moment's work are there or not; those of models and clusters stay and are reused. */
const rowsSql = `
select (select count(*) from projects) as projects, (select count(*) from models) as models,
  (select count(*) from clusters) as clusters, (select count(*) from leases) as leases,
  (select count(*) from jobs where phase <> 'ended') as "live jobs",
  (select count(*) from commands where finished_at is null
     and accepted_at < clock_timestamp() - interval '10 seconds') as "old open commands"`;
const sessionsSql = 'select count(*) from pg_stat_activity where datname = current_database()';

/** Pools and keep-alive come and go by a few. */
const spareSockets = 12;
/** Processes of each job: its script watches over the engine from a shell of its own. */
const perJob: Readonly<Record<string, number>> = {
  simulator: 1,
  slurmstepd: 1,
  slurm_script: 2,
  // HEAppE's: whoever looks after a job that is a process, with its timer, its batch script, the launcher and the job.
  supervise: 2,
  './script': 1,
  wakefield_run: 1,
  wakefield_job: 2,
  sleep: 2,
};
/** What a queue has, once it has had it (BullMQ, https://docs.bullmq.io). */
const ofQueue =
  /^(activations|commands|observe|probe|reconcile|sweep):(events|id|meta|completed|failed|delayed|wait|active|marker|prioritized|pc|stalled|metrics:(completed|failed)(:data)?)$/;
/** Finished work that a queue keeps to be looked at, and what waits for its time (packages/queue/src/catalog.ts). */
const keptWork: Readonly<Record<string, number>> = {
  'observe:#': 130,
  'probe:#': 130,
  'reconcile:#': 130,
  'sweep:#': 30,
  'commands:#': 4,
  'activations:#': 4,
  'observe:de:#': 4,
  'reconcile:de:#': 12,
};

/**
 * What there is that was not there before, with as many jobs as there are; empty is good.
 * @param what `at once` leaves out what needs time to be let go of: connections
 */
export function grown(before: Footprint, after: Footprint, what: 'at once' | 'all'): string[] {
  const jobs = after.jobs - before.jobs;
  const more = (
    kind: 'processes' | 'sockets' | 'descriptors' | 'rows' | 'keys',
    spare: (name: string) => number,
  ) =>
    Object.entries(after[kind])
      .filter(([name, count]) => count > (before[kind][name] ?? 0) + spare(name))
      .map(([name, count]) => `${kind}: ${name} ${before[kind][name] ?? 0} → ${count}`);
  return [
    ...more('processes', (name) => (perJob[name] ?? 0) * jobs),
    ...more('rows', (name) => (name === 'live jobs' ? jobs : 0)),
    ...more('keys', (name) => keptWork[name] ?? (ofQueue.test(name) ? 1 : 0)),
    ...(what === 'all' ? more('sockets', () => spareSockets) : []),
    ...(what === 'all' ? more('descriptors', () => spareSockets) : []),
  ];
}

/** Looks until nothing is left: what is there for a moment is not left behind. */
export async function leftBehind(
  site: PlugSite,
  before: Footprint,
  what: 'at once' | 'all',
  withinMs: number,
): Promise<readonly string[]> {
  let left: readonly string[] = ['nobody could look'];
  await eventually(
    'nothing to be left',
    async () => {
      const now = await footprintOf(site).catch(() => null);
      if (now !== null) left = grown(before, now, what);
      return left.length === 0;
    },
    withinMs,
  ).catch(() => undefined);
  return left;
}

/** A key without what tells it from others of its kind: installation, ids, numbers, and whom a delayed look is for. */
export function kindOfKey(key: string): string {
  return key
    .replace(/^\{wakefield:[^}]*\}:/, '')
    .replace(/:de:.*$/, ':de:#')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+/g, '#');
}

function processesOf(directory: string): Readonly<Record<string, number>> {
  const kinds = listProcessesAround(directory).map(({ command }) => kindOf(command));
  return counted(kinds.filter((kind) => kind !== null));
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** null: what stores and sshd keep for their connections, of which the sockets of services tell. */
function kindOf(command: string): string | null {
  if (/^postgres: |^sshd: |^\/bin\/bash --noprofile --norc -c while read/.test(command))
    return null;
  const known =
    /services\/(\w+)|(simulator)\/|(slurmctld|slurmd|slurmstepd|munged|redis-server|postgres):? |(slurm_script)|(heappe-server)\/|processes\/(supervise) |(\.\/script|wakefield_run|wakefield_job)$|^(sleep) \d/.exec(
      command,
    );
  return known?.slice(1).find((name) => name !== undefined) ?? command.slice(0, 60);
}
