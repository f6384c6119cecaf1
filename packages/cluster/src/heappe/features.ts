import { ClusterError } from '@wakefield/control';

/**
 * What an instance of HEAppE can do, by the version that it reports. Nothing else in here compares versions.
 * Facts: the public sources at the tags V5.0.0 to V6.3.2 (github.com/It4innovations/HEAppE; CHANGELOG.md,
 * RestApi/Controllers, RestApiModels/DataTransfer).
 */
export interface Features {
  /** The row of the table: the oldest release that is like this. */
  readonly since: string;
  /** `GET Health` without signing in; before, `Management/VersionInformation` tells the version. */
  readonly health: boolean;
  /** Header `X-API-Key`, no session. */
  readonly apiKey: boolean;
  /** Header `Authorization: Bearer` on each call; `session`: a token is changed for a session code first. */
  readonly bearer: 'session' | 'header';
  /** Name of the field with the task's id in the calls of a data transfer. */
  readonly taskIdField: 'SubmittedJobInfoId' | 'SubmittedTaskInfoId';
  /** Bytes of a whole POST to a job's node, JSON and escapes included. */
  readonly postBytes: number;
  /** `HttpPostToJobNodeStream`: not there; answers that are no event stream come in pieces of `data:`; bytes as they are. */
  readonly stream: 'none' | 'wrapped' | 'raw';
  /** What a second `RequestDataTransfer` for a task does: an error that says it is there, or the same tunnel again. */
  readonly repeatedTunnel: 'error' | 'existing';
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
  health: false,
  apiKey: false,
  bearer: 'session',
  taskIdField: 'SubmittedJobInfoId',
  postBytes: 50_000,
  stream: 'none',
  repeatedTunnel: 'error',
  tellsNodeErrors: false,
  dryRun: false,
  upload: false,
  forceRefresh: false,
  parallelizationField: 'TaskParalizationParameters',
};

const v60: Features = {
  ...v50,
  since: '6.0.0',
  health: true,
  bearer: 'header',
  taskIdField: 'SubmittedTaskInfoId',
  forceRefresh: true,
  parallelizationField: 'TaskParallelizationParameters',
};

const v61: Features = { ...v60, since: '6.1.0', postBytes: 5_000_000, stream: 'wrapped' };

const v620: Features = { ...v61, since: '6.2.0', apiKey: true, dryRun: true, upload: true };

const v622: Features = {
  ...v620,
  since: '6.2.2',
  stream: 'raw',
  repeatedTunnel: 'existing',
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
