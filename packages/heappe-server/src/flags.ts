import { readFileSync } from 'node:fs';
import type { HeappeServerOptions } from './options.ts';
import type { BearerSettings } from './people/bearer.ts';
import { userOrg } from './people/user-org.ts';
import type { Seed } from './world/seed.ts';

export const usage = `A HEAppE for tests: real HTTP, real jobs, no HEAppE. Flags, or HEAPPE_SERVER_<FLAG> in the environment:
  --version 6.3            5.0, 6.0, 6.1, 6.2.0, 6.2.2, 6.2.9, 6.3
  --host 127.0.0.1  --port 0  --control-port 0
  --data-directory DIR     kept; absent: a new one that goes with the process
  --poll-ms 500            how often states of jobs are looked at; 30000 is HEAppE's
  --session-seconds 900
  --node-timeout-ms 10000
  --seed FILE              JSON as \`Seed\` of src/world/seed.ts: cluster, node types, projects, users
  --slurm-conf FILE        jobs go to this SLURM and not to processes of this machine
  --one-job-per-account    SharedAccountsPoolMode off: further jobs wait in state 128
  --bearer MODE            session, introspection or lexis; needs --user-org
  --user-org URL           base of UserOrg's api; <URL>/api/UserInfo/Extended says who a token is
  --end-jobs               jobs end with the server`;

export const commandLineOptions = {
  version: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  'control-port': { type: 'string' },
  'data-directory': { type: 'string' },
  'poll-ms': { type: 'string' },
  'session-seconds': { type: 'string' },
  'node-timeout-ms': { type: 'string' },
  seed: { type: 'string' },
  'slurm-conf': { type: 'string' },
  'one-job-per-account': { type: 'boolean' },
  bearer: { type: 'string' },
  'user-org': { type: 'string' },
  'end-jobs': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type Flag = keyof typeof commandLineOptions;

export type Values = { readonly [K in Flag]?: string | boolean | undefined };

/** @throws Error with a sentence for the user */
export function optionsFrom(
  values: Values,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly options: HeappeServerOptions; readonly endJobs: boolean } {
  const text = (flag: Flag): string | null => {
    const name = `HEAPPE_SERVER_${flag.toUpperCase().replaceAll('-', '_')}`;
    const value = values[flag] ?? environment[name];
    return value === undefined || value === '' || value === false ? null : String(value);
  };
  const number = (flag: Flag): number | null => {
    const value = text(flag);
    if (value === null) return null;
    if (!/^\d+$/.test(value)) throw new Error(`--${flag} must be a number, not ${value}`);
    return Number(value);
  };
  const seedFile = text('seed');
  const slurm = text('slurm-conf');
  const bearer = bearerFrom(text('bearer'), text('user-org'));
  const options: HeappeServerOptions = {
    ...given('version', text('version')),
    ...given('host', text('host')),
    ...given('port', number('port')),
    ...given('controlPort', number('control-port')),
    ...given('dataDirectory', text('data-directory')),
    ...given('pollMs', number('poll-ms')),
    ...given('sessionSeconds', number('session-seconds')),
    ...given('nodeTimeoutMs', number('node-timeout-ms')),
    ...given('seed', seedFile === null ? null : readSeed(seedFile)),
    ...(text('one-job-per-account') === null ? {} : { sharedAccountsPool: false }),
    ...(bearer === null ? {} : { bearer }),
    ...(slurm === null
      ? {}
      : { scheduler: { kind: 'slurm', environment: slurmEnvironment(slurm, environment) } }),
  };
  return { options, endJobs: text('end-jobs') !== null };
}

function given<K extends keyof HeappeServerOptions>(
  name: K,
  value: HeappeServerOptions[K] | null,
): Partial<HeappeServerOptions> {
  return value === null ? {} : { [name]: value };
}

function readSeed(file: string): Seed {
  return JSON.parse(readFileSync(file, 'utf8')) as Seed;
}

/** A login shell's, without what is ours. */
function slurmEnvironment(
  conf: string,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return {
    PATH: environment.PATH ?? '/usr/bin:/bin',
    HOME: environment.HOME ?? '/',
    USER: environment.USER ?? 'root',
    LC_ALL: 'C',
    SLURM_CONF: conf,
  };
}

function bearerFrom(mode: string | null, url: string | null): BearerSettings | null {
  if (mode === null) return null;
  if (mode !== 'session' && mode !== 'introspection' && mode !== 'lexis') {
    throw new Error(`--bearer must be session, introspection or lexis, not ${mode}`);
  }
  if (url === null) throw new Error('--bearer needs --user-org, which knows whose a token is');
  return { mode, personOf: userOrg(url) };
}
