import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listProcessesAround } from '@wakefield/local-stack';
import { matching, type ServiceName } from '../victims.ts';
import { eventually } from '../wakefield.ts';
import type { Site } from './site.ts';
import { situations } from './situations.ts';
import { servingAt, servingEnds } from './sockets.ts';

export const plugNames = [
  'api',
  'scheduler',
  'proxy',
  'postgres',
  'redis',
  'munged',
  'slurmctld',
  'slurmd',
  'sshd',
  'tunnel',
  'engine',
] as const;

export type PlugName = (typeof plugNames)[number];

/**
 * What a fault must cost at most, beside time.
 * - `nothing`
 * - `its own connections`: clients that were connected to it
 * - `streams`: those in the middle of their answer, which ran through it
 */
export type Cost = 'nothing' | 'its own connections' | 'streams';

/** What it takes to find a plug. */
export type PlugSite = Pick<Site, 'wakefield' | 'models'>;

/** Something that anybody may stumble over. */
export interface Plug {
  readonly name: PlugName;
  readonly cost: Cost;
  /** As the supervisor calls who is started again; null: nobody is, or it belongs to a job. */
  readonly supervised: RegExp | null;
  /** Processes that die or stand still, in this order. */
  pids(site: PlugSite): Promise<readonly number[]>;
}

/** One instance, where several run. */
function service(name: ServiceName): Plug {
  return {
    name,
    cost: name === 'proxy' ? 'its own connections' : 'nothing',
    supervised: new RegExp(`^${name}\\b.* is ready again`, 'm'),
    pids: async ({ wakefield }) =>
      (await wakefield.runFile()).services[name].slice(0, 1).map(({ pid }) => pid),
  };
}

export const plugs: readonly Plug[] = [
  service('api'),
  service('scheduler'),
  service('proxy'),
  {
    name: 'postgres',
    cost: 'nothing',
    supervised: /^Postgres is up again/m,
    // The postmaster first: it would start new ones.
    pids: async ({ wakefield }) => {
      const parent = await matching(/\/postgres -D /)(wakefield);
      const around = listProcessesAround(join(wakefield.directory, 'postgres'));
      const all = around.filter(({ command }) => /^postgres: /.test(command));
      return [...parent, ...all.map(({ pid }) => pid)];
    },
  },
  {
    name: 'redis',
    cost: 'nothing',
    supervised: /^Redis is up again/m,
    pids: ({ wakefield }) => matching(/(redis|valkey)-server /)(wakefield),
  },
  {
    name: 'munged',
    cost: 'nothing',
    supervised: /^munged is up again/m,
    pids: ({ wakefield }) => matching(/\/munged --foreground /)(wakefield),
  },
  {
    name: 'slurmctld',
    cost: 'nothing',
    supervised: /^slurmctld is up again/m,
    pids: ({ wakefield }) => matching(/\/slurmctld -D/)(wakefield),
  },
  {
    name: 'slurmd',
    cost: 'nothing',
    supervised: /^slurmd-\S+ is up again/m,
    pids: async (site) =>
      matching(new RegExp(`/slurmd -D -N ${await busiestNode(site)} `))(site.wakefield),
  },
  {
    name: 'sshd',
    cost: 'nothing',
    supervised: /^sshd is up again/m,
    // All of it but what carries the bytes of requests, which is the tunnel.
    pids: async (site) => {
      const tunnel = new Set(await tunnelOf(site));
      const listener = await matching(/sshd -D -f|sshd: .*\[listener\]/)(site.wakefield);
      const others = sessionsOf(site).filter((pid) => !tunnel.has(pid));
      return [...new Set([...listener, ...others])];
    },
  },
  { name: 'tunnel', cost: 'streams', supervised: null, pids: tunnelOf },
  { name: 'engine', cost: 'streams', supervised: null, pids: oneEngineOfEach },
];

/** Sessions of sshd at the far end of the proxies' connections. */
async function tunnelOf(site: PlugSite): Promise<readonly number[]> {
  const { services } = await site.wakefield.runFile();
  const proxies = services.proxy.map(({ pid }) => pid);
  return servingEnds(proxies, sessionsOf(site));
}

/** Every session of the private sshd. Its title takes the place of its environment: its port tells whose it is. */
function sessionsOf({ wakefield }: PlugSite): readonly number[] {
  const configuration = readFileSync(join(wakefield.directory, 'slurm/ssh/sshd_config'), 'utf8');
  const port = Number(/^Port (\d+)$/m.exec(configuration)?.[1]);
  // Every process of this machine has to do with the root.
  const all = listProcessesAround('/').filter(({ command }) => command.startsWith('sshd: '));
  return servingAt(
    port,
    all.map(({ pid }) => pid),
  );
}

async function busiestNode(site: PlugSite): Promise<string> {
  const jobs = [...(await site.models()).values()].flatMap((model) => model.jobs);
  const nodes = jobs.map(({ node }) => node).filter((node) => node !== null);
  const count = (node: string) => nodes.filter((other) => other === node).length;
  return nodes.toSorted((a, b) => count(b) - count(a))[0] ?? 'cn01';
}

/** The oldest of each model; that of a model that wakes as soon as there is one. */
async function oneEngineOfEach(site: PlugSite): Promise<readonly number[]> {
  const all = situations.map(({ model }) => model);
  return await eventually(
    'an engine of every model',
    async () => {
      const engines = all.map((model) => enginesOf(site.wakefield.directory, model)[0]?.pid);
      const found = engines.filter((pid) => pid !== undefined);
      return found.length === all.length && found;
    },
    15_000,
  );
}

/** Processes that serve a model, oldest first, whatever anybody has written down. */
export function enginesOf(
  directory: string,
  model: string,
): ReturnType<typeof listProcessesAround> {
  return listProcessesAround(directory)
    .filter(({ command }) => new RegExp(`/simulator/\\S+ .*--model=${model} `).test(command))
    .toSorted((a, b) => a.pid - b.pid);
}
