import { matching, type ServiceName } from '../victims.ts';
import type { FaultKind } from './blame.ts';
import {
  busiestSlurmd,
  oneEngineOfEach,
  postgresOf,
  sshdOf,
  stoppedSchedulerWithLease,
  tunnelOf,
} from './processes.ts';
import type { Site } from './site.ts';
import { flushed, killed, type Prey, readOnly, stopped, type Way } from './ways.ts';

export const plugNames = [
  'api',
  'scheduler',
  'proxy',
  'postgres',
  'read-only',
  'redis',
  'flushall',
  'munged',
  'slurmctld',
  'slurmd',
  'sshd',
  'tunnel',
  'engine',
] as const;

export type PlugName = (typeof plugNames)[number];

/** What it takes to find a plug. */
export type PlugSite = Pick<Site, 'wakefield' | 'stores' | 'models'>;

/** Something that anybody may stumble over: what it is, and in which ways. */
export interface Plug {
  readonly name: PlugName;
  /** For the table. */
  readonly title: string;
  readonly ways: Readonly<Partial<Record<FaultKind, Way>>>;
}

/** One instance of two. */
function service(name: ServiceName, more: Partial<Prey> = {}): Plug {
  return processes(name, {
    supervised: new RegExp(`^${name}\\b.* is ready again`, 'm'),
    twice: true,
    pids: async ({ wakefield }) =>
      (await wakefield.runFile()).services[name].slice(0, 1).map(({ pid }) => pid),
    ...more,
  });
}

function processes(name: PlugName, prey: Prey): Plug {
  return { name, title: name, ways: { kill: killed(prey), stop: stopped(prey) } };
}

export const plugs: readonly Plug[] = [
  service('api', { killRefuses: 'its changes' }),
  service('scheduler', { pids: stoppedSchedulerWithLease }),
  service('proxy', { killCost: 'its connections' }),
  processes('postgres', {
    supervised: /^Postgres is up again/m,
    pids: postgresOf,
    killRefuses: 'everything',
    stopRefuses: 'everything',
  }),
  { name: 'read-only', title: 'postgres', ways: { stop: readOnly } },
  processes('redis', {
    supervised: /^Redis is up again/m,
    pids: ({ wakefield }) => matching(/(redis|valkey)-server /)(wakefield),
  }),
  { name: 'flushall', title: 'redis', ways: { kill: flushed } },
  processes('munged', {
    supervised: /^munged is up again/m,
    pids: ({ wakefield }) => matching(/\/munged --foreground /)(wakefield),
  }),
  processes('slurmctld', {
    supervised: /^slurmctld is up again/m,
    pids: ({ wakefield }) => matching(/\/slurmctld -D/)(wakefield),
  }),
  processes('slurmd', { supervised: /^slurmd-\S+ is up again/m, pids: busiestSlurmd }),
  processes('sshd', { supervised: /^sshd is up again/m, pids: sshdOf }),
  processes('tunnel', { supervised: null, pids: tunnelOf, killCost: 'all streams' }),
  processes('engine', { supervised: null, pids: oneEngineOfEach, killCost: 'its streams' }),
];
