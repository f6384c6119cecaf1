/** What Health reports, and what is imitated of each: the releases at which something on the wire changed. */
export const heappeVersions = [
  '5.0.0',
  '6.0.0',
  '6.1.0',
  '6.2.0',
  '6.2.2',
  '6.2.9',
  '6.3.2',
] as const;

export type HeappeVersion = (typeof heappeVersions)[number];

/** What differs between releases, by HEAppE's sources at the tags of these numbers. */
export interface VersionTraits {
  readonly version: HeappeVersion;
  readonly health: boolean;
  readonly apiKey: boolean;
  /**
   * What a token in a header is where the instance is set up for it: nothing; the only way in, for Health and signing in,
   * too; one way among others.
   */
  readonly bearer: 'nothing' | 'required' | 'possible';
  readonly dryRun: boolean;
  readonly uploadToJob: boolean;
  readonly streaming: 'no' | 'wrapped' | 'raw';
  /** Name of the field with the task's id in DataTransfer calls. */
  readonly taskIdField: 'SubmittedJobInfoId' | 'SubmittedTaskInfoId';
  readonly postLimit: number;
  /**
   * A second request for a tunnel: the one that is there (tunnels are kept by person, and other submitters of the project
   * may have one), or an error when it is for the same port (they are kept by task, for its submitter only).
   */
  readonly secondTunnel: 'existing' | 'refused';
  /** What the detail of a failed GET or POST to a node says of the node's answer. */
  readonly nodeErrors: 'lost in 5.0' | 'lost' | 'bare' | 'quoted';
  readonly parameterValueLimit: number;
  readonly createJobBytes: number;
  /** Of a template as a whole, and of its texts. */
  readonly template: TemplateLimits;
  readonly storagePaths: boolean;
  /** The answer to a submission is read for one task only. */
  readonly oneTaskOnly: boolean;
  readonly forceRefresh: boolean;
  readonly reason: boolean;
  /** Session codes are checked for emptiness and form, and unknown ones are told from wrong ones. */
  readonly checksSessionCode: boolean;
  /** GET calls make a tunnel anew whose port refuses. */
  readonly mendsTunnels: boolean;
  /** The first number of FileTransferCipherType. */
  readonly cipherTypesFrom: 0 | 1;
  /** External trouble, a wrong password among it, and failed connections are 500 `External Problem`. */
  readonly externalIs500: boolean;
  readonly parallelizationField: 'TaskParalizationParameters' | 'TaskParallelizationParameters';
}

/** RestApiModels/Management/CreateCommandTemplateModel.cs, and [RequestSizeLimit] of its action. */
export interface TemplateLimits {
  readonly bytes: number;
  readonly name: number;
  readonly description: number;
  readonly allocation: number;
  readonly executable: number;
  readonly preparation: number;
}

const shortTemplates: TemplateLimits = {
  bytes: 1520,
  name: 80,
  description: 200,
  allocation: 100,
  executable: 255,
  preparation: 500,
};

const longTemplates: TemplateLimits = {
  bytes: 10_000,
  name: 1000,
  description: 1000,
  allocation: 1000,
  executable: 1000,
  preparation: 1000,
};

const order = (version: HeappeVersion) => heappeVersions.indexOf(version);

export function traitsOf(version: HeappeVersion): VersionTraits {
  const from = (first: HeappeVersion) => order(version) >= order(first);
  return {
    version,
    health: from('6.0.0'),
    apiKey: from('6.2.0'),
    bearer: bearerOf(version),
    dryRun: from('6.2.0'),
    uploadToJob: from('6.2.0'),
    streaming: from('6.2.2') ? 'raw' : from('6.1.0') ? 'wrapped' : 'no',
    taskIdField: from('6.0.0') ? 'SubmittedTaskInfoId' : 'SubmittedJobInfoId',
    postLimit: from('6.1.0') ? 5_000_000 : 50_000,
    secondTunnel: from('6.2.2') ? 'existing' : 'refused',
    nodeErrors: nodeErrorsOf(version),
    parameterValueLimit: from('6.0.0') && !from('6.2.9') ? 100_000 : 1000,
    createJobBytes: from('6.0.0') ? 250_000 : 50_000,
    template: from('6.2.2') ? longTemplates : shortTemplates,
    storagePaths: from('6.3.2'),
    oneTaskOnly: from('6.2.9'),
    forceRefresh: from('6.0.0'),
    reason: from('6.0.0'),
    checksSessionCode: !from('6.2.0'),
    mendsTunnels: from('6.0.0') && !from('6.2.2'),
    cipherTypesFrom: from('6.0.0') ? 1 : 0,
    externalIs500: !from('6.0.0'),
    parallelizationField: from('6.0.0')
      ? 'TaskParallelizationParameters'
      : 'TaskParalizationParameters',
  };
}

function bearerOf(version: HeappeVersion): VersionTraits['bearer'] {
  if (order(version) < order('6.1.0')) return 'nothing';
  return order(version) < order('6.2.0') ? 'required' : 'possible';
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
  if (newest === undefined || named === undefined || !/^\d+(\.\d+){1,2}$/.test(text)) {
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
