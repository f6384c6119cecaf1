import { duration } from '@wakefield/runtime/yaml';
import { z } from 'zod';
import {
  cadence,
  limits,
  line,
  nodeAddress,
  portRange,
  projectLimits,
  recipeSettings,
  remotePath,
} from './fields.ts';
import { sshLogin } from './ssh-fields.ts';

/** Options of sbatch(1) that a site may add; those that we set ourselves, or live by, are not among them. */
const extraSbatchOptions = [
  'acctg-freq',
  'bb',
  'begin',
  'cluster-constraint',
  'contiguous',
  'core-spec',
  'cpu-freq',
  'cpus-per-gpu',
  'cpus-per-task',
  'deadline',
  'distribution',
  'exclude',
  'exclusive',
  'gpu-bind',
  'gpu-freq',
  'gres-flags',
  'hint',
  'licenses',
  'mail-type',
  'mail-user',
  'mcs-label',
  'mem',
  'mem-bind',
  'mem-per-cpu',
  'mem-per-gpu',
  'network',
  'nice',
  'nodelist',
  'ntasks',
  'ntasks-per-gpu',
  'ntasks-per-node',
  'oversubscribe',
  'power',
  'prefer',
  'priority',
  'profile',
  'reservation',
  'spread-job',
  'switches',
  'thread-spec',
  'threads-per-core',
  'tmp',
  'use-min-nodes',
  'wckey',
] as const;

/** `true` gives a flag without a value; `false` leaves out what the defaults set. */
const sbatchOptions = z.partialRecord(
  z.enum(extraSbatchOptions),
  z.union([z.boolean(), z.number().transform(String), line]),
);

/** What a job asks the cluster for, besides what the model says. `null` leaves the option out. */
const submission = {
  /** Absent: the project's own name. */
  account: line.nullable().optional(),
  partition: line.nullable().optional(),
  qos: line.nullable().optional(),
  constraint: line.nullable().optional(),
  options: sbatchOptions.default({}),
  limits: projectLimits,
};

const jump = sshLogin.extend({ kind: z.literal('jump') });

/** A centre's SLURM behind a login node. */
export const slurmSsh = sshLogin.extend({
  kind: z.literal('slurm-ssh'),
  /** Shared between login and compute nodes; we make `jobs/` in it. */
  workingDirectory: remotePath,
  defaults: z.strictObject(submission).prefault({}),
  /** By project name; each field replaces the default of that name. */
  projects: z.record(line, z.strictObject(submission)).default({}),
  gpus: z
    .strictObject({
      /** `none` asks for no GPU at all, for partitions without any. */
      style: z.enum(['gres', 'gpus', 'gpus-per-node', 'none']).default('gres'),
      type: line.nullable().default(null),
    })
    .prefault({}),
  recipes: z.record(line, recipeSettings).default({}),
  modelDirectory: remotePath.nullable().default(null),
  /** What an engine gives as its address. */
  nodeAddress: nodeAddress.default('hostname'),
  /** What an engine binds. */
  bindHost: line.default('0.0.0.0'),
  ports: portRange.default({ from: 20_000, to: 29_999 }),
  /** How bytes reach an engine: straight, over the login node, or over another machine. */
  transport: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('direct') }),
      z.strictObject({ kind: z.literal('ssh') }),
      jump,
    ])
    .default({ kind: 'ssh' }),
  limits,
  cadence: cadence('2s', '20s'),
  timeouts: z
    .strictObject({
      /** Until the login is done. */
      connect: duration.prefault('15s'),
      /** Of one command on the login node. */
      command: duration.prefault('30s'),
      /** sbatch itself tries for two minutes while the controller is busy (sbatch.c, MAX_RETRIES). */
      submit: duration.prefault('150s'),
    })
    .prefault({}),
  /**
   * This long before the walltime's end SLURM asks the job to drain by itself (sbatch --signal), should the
   * scheduler be away; 0 never. SLURM may be up to 60 s early, and jobs serve until two minutes before their end, those
   * of less than 40 minutes longer (`endMargin`): they are asked only where that is no earlier.
   */
  drainBeforeEnd: duration.refine((ms) => ms <= 60_000, 'at most 60 s').prefault('60s'),
});

export type SlurmSshConfig = z.output<typeof slurmSsh> & { readonly name: string };
