import { listProcessesAround } from '@wakefield/local-stack';
import { squeue } from '../cluster-jobs.ts';
import type { ServiceName } from '../victims.ts';
import type { Site } from './site.ts';
import { descriptorCount, socketCount } from './sockets.ts';

/** What a Wakefield with nothing to do takes up. */
export interface Footprint {
  /** Processes by what they are. */
  readonly processes: Readonly<Record<string, number>>;
  /** Sockets and open files of each service. */
  readonly sockets: Readonly<Record<string, number>>;
  readonly descriptors: Readonly<Record<string, number>>;
  /** Redis keys that no time removes, by kind: the numbers of queued work are left out. */
  readonly keys: Readonly<Record<string, number>>;
  /** Rows that are not history. */
  readonly rows: Readonly<Record<string, number>>;
}

const services: readonly ServiceName[] = ['api', 'scheduler', 'proxy'];

export async function footprintOf(site: Site): Promise<Footprint> {
  const { services: running } = await site.wakefield.runFile();
  const of = (count: (pid: number) => number) =>
    Object.fromEntries(
      services.map((name) => [name, running[name].reduce((sum, { pid }) => sum + count(pid), 0)]),
    );
  const [rows = {}] = await site.stores.rows(rowsSql);
  const live = (await squeue(site.wakefield)).split('\n').filter((line) => line !== '');
  return {
    processes: processesOf(site.wakefield.directory),
    sockets: of(socketCount),
    descriptors: of(descriptorCount),
    keys: counted((await site.stores.keysWithoutExpiry()).map((key) => key.replace(/:\d+$/, ':#'))),
    rows: {
      ...Object.fromEntries(Object.entries(rows).map(([name, count]) => [name, Number(count)])),
      'jobs of the cluster': live.length,
    },
  };
}

/** Leases of a moment's work are there or not; those of models and clusters stay and are reused. */
const rowsSql = `
select (select count(*) from projects) as projects, (select count(*) from models) as models,
  (select count(*) from clusters) as clusters, (select count(*) from leases) as leases,
  (select count(*) from jobs where phase <> 'ended') as "live jobs",
  (select count(*) from commands where finished_at is null) as "open commands"`;

/** Pools and keep-alive come and go by a few. */
const spareSockets = 12;
/** Finished work that a queue keeps to be looked at (`completed`, `failed` of the catalog), and its delayed looks. */
const keptWork = 130;

/** @returns what there is at the end that was not there before; empty is good */
export function grown(before: Footprint, after: Footprint): readonly string[] {
  const more = (kind: keyof Footprint, spare: number): readonly string[] =>
    Object.entries(after[kind])
      .filter(([name, count]) => count > (before[kind][name] ?? 0) + spare)
      .map(([name, count]) => `${kind}: ${name} ${before[kind][name] ?? 0} → ${count}`);
  return [
    ...more('processes', 0),
    ...more('sockets', spareSockets),
    ...more('descriptors', spareSockets),
    ...more('rows', 0),
    ...more('keys', keptWork),
  ];
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
    /services\/(\w+)|(simulator)\/|(slurmctld|slurmd|slurmstepd|munged|redis-server|postgres):? |(slurm_script)/.exec(
      command,
    );
  return known?.slice(1).find((name) => name !== undefined) ?? command.slice(0, 60);
}
