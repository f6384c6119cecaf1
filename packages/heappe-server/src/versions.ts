/** What Health reports, and what is imitated of each: the releases at which something on the wire changed. */
export const heappeVersions = ['5.0.0', '6.0.0', '6.1.0', '6.2.0', '6.2.2', '6.3.2'] as const;

export type HeappeVersion = (typeof heappeVersions)[number];

/** What differs between releases, by HEAppE's sources at the tags of these numbers. */
export interface VersionTraits {
  readonly version: HeappeVersion;
  readonly health: boolean;
  readonly apiKey: boolean;
  readonly bearer: 'no' | 'introspection' | 'lexis';
  readonly dryRun: boolean;
  readonly uploadToJob: boolean;
  readonly streaming: 'no' | 'wrapped' | 'raw';
  /** Name of the field with the task's id in DataTransfer calls. */
  readonly taskIdField: 'SubmittedJobInfoId' | 'SubmittedTaskInfoId';
  readonly postLimit: number;
  /** A second request for a tunnel: the one that is there, or an error when it is for the same port. */
  readonly secondTunnel: 'existing' | 'refused';
  /** What the detail of a failed GET or POST to a node says of the node's answer. */
  readonly nodeErrors: 'lost in 5.0' | 'lost' | 'bare' | 'quoted';
  readonly parameterValueLimit: number;
  readonly storagePaths: boolean;
  /** The answer to a submission is read for one task only. */
  readonly oneTaskOnly: boolean;
  readonly forceRefresh: boolean;
  readonly reason: boolean;
  /** Session codes are checked for emptiness and form. */
  readonly checksSessionCode: boolean;
  /** External trouble, a wrong password among it, and failed connections are 500 `External Problem`. */
  readonly externalIs500: boolean;
  readonly parallelizationField: 'TaskParalizationParameters' | 'TaskParallelizationParameters';
  readonly storageField: 'LocalBasepath' | 'PermanentStoragePath' | 'ProjectStoragePath';
}

const order = (version: HeappeVersion) => heappeVersions.indexOf(version);

export function traitsOf(version: HeappeVersion): VersionTraits {
  const from = (first: HeappeVersion) => order(version) >= order(first);
  return {
    version,
    health: from('6.0.0'),
    apiKey: from('6.2.0'),
    bearer: from('6.1.0') ? 'lexis' : from('6.0.0') ? 'introspection' : 'no',
    dryRun: from('6.2.0'),
    uploadToJob: from('6.2.0'),
    streaming: from('6.2.2') ? 'raw' : from('6.1.0') ? 'wrapped' : 'no',
    taskIdField: from('6.0.0') ? 'SubmittedTaskInfoId' : 'SubmittedJobInfoId',
    postLimit: from('6.1.0') ? 5_000_000 : 50_000,
    secondTunnel: from('6.2.2') ? 'existing' : 'refused',
    nodeErrors: nodeErrorsOf(version),
    parameterValueLimit: from('6.0.0') && !from('6.3.2') ? 100_000 : 1000,
    storagePaths: from('6.3.2'),
    oneTaskOnly: from('6.3.2'),
    forceRefresh: from('6.0.0'),
    reason: from('6.0.0'),
    checksSessionCode: !from('6.0.0'),
    externalIs500: !from('6.0.0'),
    parallelizationField: from('6.0.0')
      ? 'TaskParallelizationParameters'
      : 'TaskParalizationParameters',
    storageField: from('6.2.0')
      ? 'ProjectStoragePath'
      : from('6.0.0')
        ? 'PermanentStoragePath'
        : 'LocalBasepath',
  };
}

function nodeErrorsOf(version: HeappeVersion): VersionTraits['nodeErrors'] {
  if (version === '5.0.0') return 'lost in 5.0';
  if (order(version) < order('6.2.2')) return 'lost';
  return version === '6.2.2' ? 'bare' : 'quoted';
}

/** `6.2` is 6.2.0, `6.3` is 6.3.2, `6.2.1` is what came before it. @throws Error when there is nothing so old */
export function versionFrom(text: string): HeappeVersion {
  const exact = heappeVersions.find((version) => version === text);
  if (exact !== undefined) return exact;
  const [major = 0, minor = 0, patch = null] = text.split('.').map(Number);
  const named = heappeVersions.find((version) => version.startsWith(`${major}.${minor}.`));
  if (patch === null && named !== undefined) return named;
  const older = heappeVersions.filter((version) => !isAfter(version, [major, minor, patch ?? 0]));
  const newest = older.at(-1);
  if (newest === undefined || !/^\d+(\.\d+){1,2}$/.test(text)) {
    throw new Error(`no HEAppE of version ${text} here; there are ${heappeVersions.join(', ')}`);
  }
  return newest;
}

function isAfter(version: HeappeVersion, wanted: readonly [number, number, number]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, part] of parts.entries()) {
    const other = wanted[index] ?? 0;
    if (part !== other) return part > other;
  }
  return false;
}
