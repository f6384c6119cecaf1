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

const baseUrl = z
  .url({ protocol: /^https?$/, error: 'expected the address of an instance (https://…)' })
  .refine((url) => !/[?#@]/.test(url), 'must be without user, query and fragment');

/** Whose jobs they are. Secrets are in files beside clusters.yaml, which are read anew for each sign-in. */
const credential = z.discriminatedUnion('kind', [
  /** Header X-API-Key, from 6.2 on: the one for a service. */
  z.strictObject({ kind: z.literal('api-key'), user: line, keyFile: line }),
  /** A session of a local user, for all versions. */
  z.strictObject({ kind: z.literal('password'), user: line, passwordFile: line }),
  /** A token that somebody else keeps fresh. */
  z.strictObject({ kind: z.literal('bearer'), tokenFile: line }),
]);

/** Characters that HEAppE allows in the names of templates and of files (its validators). */
const templateName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,100}$/, 'expected 1 to 100 of A-Z, a-z, 0-9, _, . and -');

/** What a job asks for, besides what the model says. Absent in a project: as in the defaults. */
const submission = {
  /** Accounting string of HEAppE's project. Absent: the project's own name. */
  accountingString: line.nullable().optional(),
  /** Name of the node type, that is the queue, or its id in HEAppE. */
  nodeType: z.union([line, z.int().min(1)]).optional(),
  limits: projectLimits,
};

/** A centre's clusters behind the HEAppE middleware: everything over HTTPS. */
export const heappe = z.strictObject({
  kind: z.literal('heappe'),
  /** With whatever is before `/heappe/…` in it. */
  url: baseUrl,
  /** PEM of the authorities to trust, where Node's own do not do. */
  caFile: line.nullable().default(null),
  credential,
  /** As in `6.2.9`; null: what HEAppE says itself. */
  version: z
    .string()
    .regex(/^v?\d+\.\d+(\.\d+)?$/i, 'expected a version such as 6.2.9')
    .nullable()
    .default(null),
  /** HEAppE's name of the cluster, where an instance has several with the same node type. */
  cluster: line.nullable().default(null),
  defaults: z.strictObject(submission).prefault({}),
  /** By project name; each field replaces the default of that name. */
  projects: z.record(line, z.strictObject(submission)).default({}),
  /** GPUs of a whole node: how many nodes a job needs, where HEAppE counts nodes. */
  gpusPerNode: z.int().min(1).default(8),
  /** The command templates that an activation makes. One for all engines, if recipes name no other. */
  template: z
    .strictObject({
      name: templateName.default('wakefield'),
      /** Options of sbatch, as they are: `--mem=0`, `--signal=…`. */
      allocation: z.string().max(1000).default(''),
      /** Shell words before the job, on its node. */
      preparation: z.string().max(1000).default(''),
    })
    .prefault({}),
  /** By engine: what the job does first, and a template of its own name, for sites that grant templates one by one. */
  recipes: z
    .record(line, recipeSettings.extend({ template: templateName.nullable().default(null) }))
    .default({}),
  /** How the script reaches the job's directory; `auto`: over HEAppE itself from 6.2 on, by SFTP before. */
  fileTransfer: z.enum(['auto', 'heappe', 'sftp']).default('auto'),
  /** Host keys of the SFTP server, as HEAppE does not tell them. Needed where files go by SFTP. */
  sftpHostKey: sshLogin.shape.hostKey,
  /** Of the cluster's clock: `DryRunJob` tells when a job would start in it, without saying so. */
  timeZone: z
    .string()
    .refine(isTimeZone, 'expected a time zone such as Europe/Prague')
    .default('UTC'),
  modelDirectory: remotePath.nullable().default(null),
  /** What an engine gives as its address; `heappe`: the node as HEAppE names it. */
  nodeAddress: z.union([z.literal('heappe'), nodeAddress]).default('heappe'),
  /** What an engine binds. */
  bindHost: line.default('0.0.0.0'),
  ports: portRange.default({ from: 20_000, to: 29_999 }),
  /** How requests reach an engine: through HEAppE, straight, or over a machine with ssh. */
  transport: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('heappe') }),
      z.strictObject({ kind: z.literal('direct') }),
      sshLogin.extend({ kind: z.literal('jump') }),
    ])
    .default({ kind: 'heappe' }),
  limits,
  /** HEAppE itself looks at its clusters every 30 s (GetAllJobsInformationCheck): more often brings no news but files. */
  cadence: cadence('5s', '30s'),
  timeouts: z
    .strictObject({
      connect: duration.prefault('15s'),
      /** Of a call that does not submit. */
      command: duration.prefault('60s'),
      /** CreateJob and SubmitJob do their work on the cluster before they answer, with several tries of 30 s. */
      submit: duration.prefault('150s'),
    })
    .prefault({}),
});

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

export type HeappeConfig = z.output<typeof heappe> & { readonly name: string };
