import type { ClusterBounds } from '@wakefield/domain';
import { boundsOfLimits } from '../config/limits-of.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';

/**
 * Asked of `sinfo -a -e -o`, printed the same by 22.05 to 25.11: %P the partition, with a star where it is the default,
 * %D nodes, %c their CPUs, %m their memory in MiB, %G their devices, %l the time limit of jobs, %s how many nodes a job
 * has. A line for each kind of node and state.
 */
export const BOUNDS_FORMAT = '%P|%D|%c|%m|%G|%l|%s';

/** Some nodes of a partition that are alike. */
interface NodeKind {
  readonly partition: string;
  readonly isDefault: boolean;
  readonly nodes: number;
  readonly cpus: number;
  /** What a site does not say is 1. */
  readonly memoryMebibytes: number;
  /** By type; '' for those that have none. */
  readonly gpus: ReadonlyMap<string, number>;
  /** null: none, or SLURM does not say. */
  readonly minutes: number | null;
  readonly mostNodes: number | null;
}

/**
 * The most that any project's job may ask of the cluster: rather too much, which SLURM refuses, than too little. A QOS may
 * go beyond the limits of its partition (sacctmgr(1), PartitionTimeLimit, PartitionMaxNodes): where the configuration names
 * one, these are not counted.
 */
export function boundsOf(config: SlurmSshConfig, sinfo: string): ClusterBounds {
  const submissions = [config.defaults, ...Object.values(config.projects)];
  const wanted = new Set(
    submissions.flatMap(({ partition = config.defaults.partition }) =>
      partition === null || partition === undefined ? [null] : partition.split(','),
    ),
  );
  const kinds = parseKinds(sinfo).filter(
    ({ partition, isDefault }) => wanted.has(partition) || (isDefault && wanted.has(null)),
  );
  const hasQos = submissions.some(({ qos }) => typeof qos === 'string');
  const configured = boundsOfLimits(config);
  return known({
    ...ofNodes(kinds),
    nodes: most(byPartition(kinds).map((own) => nodesOf(own, hasQos))),
    gpus: least([gpusOf(config, kinds), configured.gpus ?? null]),
    minutes: least([
      hasQos ? null : most(kinds.map(({ minutes }) => minutes)),
      configured.minutes ?? null,
    ]),
  });
}

function ofNodes(kinds: readonly NodeKind[]) {
  const memory = most(kinds.map(({ memoryMebibytes }) => memoryMebibytes));
  return {
    cpus: most(kinds.map(({ cpus }) => cpus)),
    memoryBytes: memory === null || memory <= 1 ? null : memory * 2 ** 20,
  };
}

function byPartition(kinds: readonly NodeKind[]): readonly (readonly NodeKind[])[] {
  return [...Map.groupBy(kinds, ({ partition }) => partition).values()];
}

/** Of one partition. */
function nodesOf(kinds: readonly NodeKind[], hasQos: boolean): number {
  const there = kinds.reduce((sum, { nodes }) => sum + nodes, 0);
  const allowed = hasQos ? null : most(kinds.map(({ mostNodes }) => mostNodes));
  return Math.min(there, allowed ?? there);
}

/** Of one node, as jobs ask for them; null: nobody knows the nodes. */
function gpusOf({ gpus: { style, type } }: SlurmSshConfig, kinds: readonly NodeKind[]) {
  if (style === 'none') return 0;
  const counts = kinds.map(({ gpus }) =>
    type === null ? [...gpus.values()].reduce((sum, count) => sum + count, 0) : gpus.get(type),
  );
  return most(counts.map((count) => count ?? 0));
}

/** null: there are none, or one of them knows no bound. */
function most(values: readonly (number | null)[]): number | null {
  const counts = values.filter((value) => value !== null);
  return counts.length === 0 || counts.length < values.length ? null : Math.max(...counts);
}

/** null: none of them is known. */
function least(values: readonly (number | null)[]): number | null {
  const counts = values.filter((value) => value !== null);
  return counts.length === 0 ? null : Math.min(...counts);
}

function known(
  bounds: Readonly<Record<Exclude<keyof ClusterBounds, 'fixedSize'>, number | null>>,
): ClusterBounds {
  return Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== null));
}

/** Lines that are none are left out: what a login prints, what a later SLURM says otherwise. */
function parseKinds(text: string): readonly NodeKind[] {
  return text.split('\n').flatMap((line): readonly NodeKind[] => {
    const [name = '', nodes, cpus, memory, gres = '', limit = '', size] = line.trim().split('|');
    if (size === undefined || name === '') return [];
    const counts = [nodes, cpus, memory].map(Number);
    if (!counts.every((count) => Number.isInteger(count) && count > 0)) return [];
    const [nodeCount = 0, cpuCount = 0, memoryMebibytes = 0] = counts;
    return [
      {
        partition: name.replace(/\*$/, ''),
        isDefault: name.endsWith('*'),
        ...{ nodes: nodeCount, cpus: cpuCount, memoryMebibytes },
        gpus: parseGpus(gres),
        minutes: parseMinutes(limit),
        mostNodes: parseMost(size),
      },
    ];
  });
}

/** `gpu:h200:4(S:0-1),gpu:2,shard:8`: four of h200, two of no type. */
function parseGpus(gres: string): ReadonlyMap<string, number> {
  const gpus = new Map<string, number>();
  for (const one of gres.replaceAll(/\([^)]*\)/g, '').split(',')) {
    const match = /^gpu(?::([^:]+))??(?::(\d+))?$/.exec(one);
    if (match === null) continue;
    const [, type = '', count = 1] = match;
    gpus.set(type, (gpus.get(type) ?? 0) + Number(count));
  }
  return gpus;
}

/** `2-00:00:00`, `12:00:00`, `30:00`; null for `infinite` and what else there may be. */
function parseMinutes(text: string): number | null {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text);
  if (match === null) return null;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return (days * 24 + hours) * 60 + minutes + Math.floor(seconds / 60);
}

/** `1-2` and `2`; null for `1-infinite`. */
function parseMost(size: string): number | null {
  const last = /^(?:\d+-)?(\d+)$/.exec(size)?.[1];
  return last === undefined ? null : Number(last);
}
