import { join } from 'node:path';
import { aliasOf, listProcessesAround } from '@wakefield/local-stack';
import type { RunFile, Wakefield } from './wakefield.ts';

export type ServiceName = keyof RunFile['services'];

/** A process of a running Wakefield that somebody kills. */
export interface Victim {
  /** As the supervisor calls it. */
  readonly name: string;
  /** Empty while it does not run. */
  pids(wakefield: Wakefield): Promise<readonly number[]>;
  /** Streams go through it, so they end with it. */
  readonly carriesStreams: boolean;
  /** Which service is not ready without it (503), and which only says that it is missing (200). */
  readonly missedBy: Readonly<Partial<Record<ServiceName, 503 | 200>>>;
  /** Name of it in the report of `/readyz`. */
  readonly check: 'postgres' | 'redis' | null;
}

const serviceNames: readonly ServiceName[] = ['proxy', 'api', 'scheduler'];

const services = serviceNames.map(
  (name): Victim => ({
    name,
    pids: async (wakefield) => (await wakefield.runFile()).services[name].map(({ pid }) => pid),
    carriesStreams: name === 'proxy',
    missedBy: {},
    check: null,
  }),
);

const stores: readonly Victim[] = [
  {
    name: 'Postgres',
    pids: matching(/\/postgres -D /),
    carriesStreams: false,
    missedBy: { proxy: 200, api: 503, scheduler: 503 },
    check: 'postgres',
  },
  {
    name: 'Redis',
    pids: matching(/(redis|valkey)-server /),
    carriesStreams: false,
    missedBy: { proxy: 200, api: 200, scheduler: 503 },
    check: 'redis',
  },
];

/** Ready-made for a table: who dies on every kind of cluster. */
export const everywhere: readonly Victim[] = [...services, ...stores];

/** sshd's title takes the place of its environment and names the private SLURM by its short alias. */
export function matching(command: RegExp): Victim['pids'] {
  return async ({ directory }) => {
    const around = [directory, aliasOf(join(directory, 'slurm'))].flatMap(listProcessesAround);
    const found = around.filter((one) => command.test(one.command)).map(({ pid }) => pid);
    return [...new Set(found)];
  };
}
