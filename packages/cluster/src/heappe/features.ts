import { ClusterError } from '@wakefield/control';

/**
 * What an instance of HEAppE can do, by the version that it reports. Nothing else in here compares versions.
 * Facts: the public sources at the tags V5.0.0 to V6.3.2 (github.com/It4innovations/HEAppE; CHANGELOG.md,
 * RestApi/Controllers, RestApiModels/DataTransfer, RestApiModels/Management).
 */
export interface Features {
  /** The row of the table: the oldest release that is like this. */
  readonly since: string;
  /** Header `X-API-Key`, no session. */
  readonly apiKey: boolean;
  /** Whether `Authorization: Bearer` on each call may count; `session`: a token has to be changed for a session code. */
  readonly bearer: 'session' | 'header';
  /** Name of the field with the task's id in the calls of a data transfer. */
  readonly taskIdField: 'SubmittedJobInfoId' | 'SubmittedTaskInfoId';
  /** Bytes of a whole POST to a job's node, JSON and escapes included. */
  readonly postBytes: number;
  /** Bytes of a whole `CreateJob`. */
  readonly createJobBytes: number;
  /** Of a command template: bytes of the whole call, and characters of its fields. */
  readonly template: {
    readonly bytes: number;
    readonly name: number;
    readonly allocation: number;
    readonly preparation: number;
  };
  /** `HttpPostToJobNodeStream`: not there; answers that are no event stream come in pieces of `data:`; bytes as they are. */
  readonly stream: 'none' | 'wrapped' | 'raw';
  /** Whether the detail of a failed GET or POST to a node is what the node said. */
  readonly tellsNodeErrors: boolean;
  /** `DryRunJob`, that is `sbatch --test-only`. */
  readonly dryRun: boolean;
  /** `UploadFilesToJobExecutionDir`; before, files reach a job's directory by SFTP only. */
  readonly upload: boolean;
  /** `forceRefresh` of `ListAvailableClusters`; before, what it says may be 150 minutes old. */
  readonly forceRefresh: boolean;
  /** Task field that V5 misspells. */
  readonly parallelizationField: 'TaskParalizationParameters' | 'TaskParallelizationParameters';
}

const v50: Features = {
  since: '5.0.0',
  apiKey: false,
  bearer: 'session',
  taskIdField: 'SubmittedJobInfoId',
  postBytes: 50_000,
  createJobBytes: 50_000,
  template: { bytes: 1520, name: 80, allocation: 100, preparation: 500 },
  stream: 'none',
  tellsNodeErrors: false,
  dryRun: false,
  upload: false,
  forceRefresh: false,
  parallelizationField: 'TaskParalizationParameters',
};

const v60: Features = {
  ...v50,
  since: '6.0.0',
  createJobBytes: 250_000,
  taskIdField: 'SubmittedTaskInfoId',
  forceRefresh: true,
  parallelizationField: 'TaskParallelizationParameters',
};

const v61: Features = {
  ...v60,
  since: '6.1.0',
  bearer: 'header',
  postBytes: 5_000_000,
  stream: 'wrapped',
};

const v620: Features = { ...v61, since: '6.2.0', apiKey: true, dryRun: true, upload: true };

const v622: Features = {
  ...v620,
  since: '6.2.2',
  template: { bytes: 10_000, name: 1000, allocation: 1000, preparation: 1000 },
  stream: 'raw',
  tellsNodeErrors: true,
};

/** Oldest first. 6.3 adds only what we do not use (storage paths of projects). */
export const featureTable: readonly Features[] = [
  v50,
  v60,
  v61,
  v620,
  v622,
  { ...v622, since: '6.3.0' },
];

/**
 * The row for a version such as `6.2.9`, `v6.3.2` or `6.3.2-rc1`; newer ones are taken for the newest known.
 * @throws ClusterError misconfigured, for anything older than the table or that is no version
 */
export function featuresOf(version: string): Features {
  const wanted = parseVersion(version);
  const row = featureTable.findLast(({ since }) => isAtLeast(wanted, parseVersion(since)));
  if (row !== undefined) return row;
  throw new ClusterError(
    'misconfigured',
    `HEAppE ${version} is too old: ${featureTable[0]?.since} or newer is needed`,
  );
}

type Version = readonly number[];

function parseVersion(text: string): Version {
  const match = /^\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?/i.exec(text);
  if (match === null)
    throw new ClusterError('misconfigured', `HEAppE calls its version ${JSON.stringify(text)}`);
  return match.slice(1).map((part) => Number(part ?? 0));
}

function isAtLeast(version: Version, other: Version): boolean {
  for (const [index, part] of other.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}
