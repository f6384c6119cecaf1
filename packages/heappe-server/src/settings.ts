import type { BearerSettings } from './people/bearer.ts';
import type { SchedulerSettings } from './scheduler/settings.ts';
import type { HeappeVersion } from './versions.ts';
import type { Seed } from './world/seed.ts';

export interface Settings {
  readonly version: HeappeVersion;
  readonly host: string;
  /** 0: any free port; kept over restarts. */
  readonly port: number;
  readonly controlPort: number;
  /** Of the login node's SFTP. */
  readonly sftpPort: number;
  /** World, scratch directories, homes and the local cluster's records; kept. */
  readonly dataDirectory: string;
  readonly instanceIdentifier: string;
  readonly seed: Seed;
  readonly scheduler: SchedulerSettings;
  /** How often the stored states of jobs are brought up to date; null: only when told to. HEAppE: 30 s. */
  readonly pollMs: number | null;
  /** HEAppE: 900. */
  readonly sessionSeconds: number;
  /** true: jobs of one account run side by side; false: one at a time, the others wait in state 128. */
  readonly sharedAccountsPool: boolean;
  readonly bearer: BearerSettings | null;
  /** HEAppE: 10 s. */
  readonly nodeTimeoutMs: number;
}
