import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listProcessesAround } from '@wakefield/local-stack';
import { enginesIn, type RunningProcess } from '../engines.ts';
import { stoppedWithLease } from '../leases.ts';
import { matching } from '../victims.ts';
import { eventually } from '../wakefield.ts';
import type { PlugSite } from './plugs.ts';
import { modelOf } from './situations.ts';
import { servingAt, servingEnds } from './sockets.ts';
import type { Standing } from './ways.ts';

/** Postgres with all its sessions: the postmaster first, it would start new ones. */
export async function postgresOf({ wakefield }: PlugSite): Promise<readonly number[]> {
  const parent = await matching(/\/postgres -D /)(wakefield);
  const around = listProcessesAround(join(wakefield.directory, 'postgres'));
  const all = around.filter(({ command }) => /^postgres: /.test(command));
  return [...parent, ...all.map(({ pid }) => pid)];
}

/** The daemon of the node on which most jobs run. */
export async function busiestSlurmd(site: PlugSite): Promise<readonly number[]> {
  const models = await eventually('the store to answer', () => site.models().catch(() => null));
  const jobs = [...models.values()].flatMap((model) => model.jobs);
  const nodes = jobs.map(({ node }) => node).filter((node) => node !== null);
  const count = (node: string) => nodes.filter((other) => other === node).length;
  const busiest = nodes.toSorted((a, b) => count(b) - count(a))[0] ?? 'cn01';
  return matching(new RegExp(`/slurmd -D -N ${busiest} `))(site.wakefield);
}

/** All of sshd but what carries the bytes of requests, which is the tunnel. */
export async function sshdOf(site: PlugSite): Promise<readonly number[]> {
  const tunnel = new Set(await tunnelOf(site));
  const listener = await matching(/sshd -D -f|sshd: .*\[listener\]/)(site.wakefield);
  const others = sessionsOf(site).filter((pid) => !tunnel.has(pid));
  return [...new Set([...listener, ...others])];
}

/** Sessions of sshd at the far end of the proxies' connections. */
export async function tunnelOf(site: PlugSite): Promise<readonly number[]> {
  const { services } = await site.wakefield.runFile();
  const proxies = services.proxy.map(({ pid }) => pid);
  return servingEnds(proxies, sessionsOf(site));
}

/** Every session of the private sshd. Its title takes the place of its environment: its port tells whose it is. */
export function sessionsOf({ wakefield }: Pick<PlugSite, 'wakefield'>): readonly number[] {
  const file = join(wakefield.directory, 'slurm/ssh/sshd_config');
  if (!existsSync(file)) return [];
  const configuration = readFileSync(file, 'utf8');
  const port = Number(/^Port (\d+)$/m.exec(configuration)?.[1]);
  // Every process of this machine has to do with the root.
  const all = listProcessesAround('/').filter(({ command }) => command.startsWith('sshd: '));
  return servingAt(
    port,
    all.map(({ pid }) => pid),
  );
}

/** One of each model that has one, and of the model that wakes as soon as it has one. */
export async function oneEngineOfEach(site: PlugSite): Promise<readonly number[]> {
  return await eventually(
    'the engines of all models that have one',
    async () => {
      const models = await site.models().catch(() => null);
      const around = listProcessesAround(site.wakefield.directory);
      return models && enginesToHit(around, [...models.keys()]);
    },
    30_000,
  );
}

/**
 * The oldest engine of each model. Who waits for one is the model that wakes: another may have fallen asleep meanwhile.
 * @param models those that are registered; none of the situations in a soak
 * @returns null while it is too early
 */
export function enginesToHit(
  processes: readonly RunningProcess[],
  models: readonly string[],
): readonly number[] | null {
  const oldest = new Map(models.map((model) => [model, enginesIn(processes, model)[0]?.pid]));
  const waking = modelOf('wake');
  if (oldest.has(waking) && oldest.get(waking) === undefined) return null;
  const pids = [...oldest.values()].filter((pid) => pid !== undefined);
  return pids.length === 0 ? null : pids;
}

/** A scheduler at a moment at which it holds the lease of a model or a cluster. It stands still from then on. */
export async function stoppedSchedulerWithLease({
  wakefield,
  stores,
}: PlugSite): Promise<Standing> {
  const { services } = await wakefield.runFile();
  const { pid, sinceAt } = await stoppedWithLease(
    stores,
    services.scheduler.map((one) => one.pid),
    10_000,
  );
  return { pids: [pid], sinceAt };
}
