import { matching, type ServiceName } from '../victims.ts';
import type { FaultKind } from './blame.ts';
import { misbehaving, sessionsEnded, tunnelsStale } from './heappe-ways.ts';
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

const plugNames = [
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
  'heappe',
  'heappe-tunnels',
  'heappe-sessions',
  'heappe-create',
  'heappe-submit',
  'heappe-slow-submit',
  'heappe-429',
  'heappe-500',
] as const;

export type PlugName = (typeof plugNames)[number];

/** Where a plug is called otherwise in tables. */
const titles: Readonly<Partial<Record<PlugName, string>>> = { heappe: 'HEAppE' };

/** What it takes to find a plug. */
export type PlugSite = Pick<Site, 'wakefield' | 'stores' | 'models' | 'cluster'>;

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
  return { name, title: titles[name] ?? name, ways: { kill: killed(prey), stop: stopped(prey) } };
}

/** On a private SLURM. */
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

/** What HEAppE adds to them. */
export const heappePlugs: readonly Plug[] = [
  processes('heappe', {
    supervised: /^HEAppE is up again/m,
    pids: ({ wakefield }) => matching(/\/heappe-server\/src\/main\.ts/)(wakefield),
    killCost: 'all streams',
  }),
  heappe('heappe-tunnels', { kill: tunnelsStale }),
  heappe('heappe-sessions', { kill: sessionsEnded }),
  heappe('heappe-create', {
    stop: misbehaving('CreateJob takes 10 s', {
      action: 'CreateJob',
      effect: { kind: 'delay', ms: 10_000 },
    }),
  }),
  heappe('heappe-submit', {
    // It works, and nobody hears of it.
    stop: misbehaving('SubmitJob unanswered', {
      action: 'SubmitJob',
      when: 'after',
      effect: { kind: 'hang' },
    }),
  }),
  heappe('heappe-slow-submit', {
    // Longer than it is waited for (timeouts.submit of `npm start -- --heappe`), and then it works.
    stop: misbehaving('SubmitJob takes 22 s', {
      action: 'SubmitJob',
      effect: { kind: 'delay', ms: 22_000 },
    }),
  }),
  heappe('heappe-429', { stop: misbehaving('429', { effect: { kind: 'status', status: 429 } }) }),
  heappe('heappe-500', { stop: misbehaving('500', { effect: { kind: 'status', status: 500 } }) }),
];

function heappe(name: PlugName, ways: Plug['ways']): Plug {
  return { name, title: 'HEAppE', ways };
}
