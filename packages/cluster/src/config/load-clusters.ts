import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { resolveFileName } from './clusters-path.ts';
import { type HeappeConfig, heappe } from './heappe.ts';
import { type LocalConfig, local } from './local.ts';
import { type Problem, problemsOf } from './problems.ts';
import { type SlurmSshConfig, slurmSsh } from './slurm-ssh.ts';

/** One cluster of clusters.yaml, with its name; file names are absolute. */
export type ClusterConfig = SlurmSshConfig | HeappeConfig | LocalConfig;

export interface ClustersFile {
  readonly clusters: readonly ClusterConfig[];
  /** Where a project is activated when nobody says; the first cluster if the file names none. */
  readonly defaultCluster: string;
}

/** clusters.yaml cannot be used. The message has one line per problem: file, line, path, what is wrong. */
export class ClustersFileError extends Error {
  /** EX_CONFIG of sysexits.h: a process that needs the file ends with it, in one line. */
  readonly exitCode = 78;
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ClustersFileError';
  }
}

const clusterName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'a cluster is named by 1 to 40 of a-z, 0-9 and -');

const clustersFile = z
  .strictObject({
    clusters: z
      .record(clusterName, z.discriminatedUnion('kind', [slurmSsh, heappe, local]))
      .refine((clusters) => Object.keys(clusters).length > 0, 'name at least one cluster'),
    defaultCluster: z.string().optional(),
  })
  .superRefine(({ clusters, defaultCluster }, context) => {
    if (defaultCluster === undefined || Object.hasOwn(clusters, defaultCluster)) return;
    const message = `must be one of the clusters (${Object.keys(clusters).join(', ')})`;
    context.addIssue({ code: 'custom', path: ['defaultCluster'], message });
  });

/**
 * Reads and checks clusters.yaml.
 * @throws ClustersFileError with every problem at once
 */
export async function loadClusters(path: string): Promise<ClustersFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ClustersFileError(`${path} ${unreadable(error as NodeJS.ErrnoException)}`, error);
  }
  return parseClusters(text, path);
}

/** {@link loadClusters} on text; `path` is for messages and for relative file names. */
export function parseClusters(text: string, path: string): ClustersFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0)
    throw new ClustersFileError(
      document.errors
        .map((error) => `${path}:${lines.linePos(error.pos[0]).line}: ${yamlWords(error.message)}`)
        .join('\n'),
    );
  const data: unknown = document.toJS();
  const parsed = clustersFile.safeParse(data);
  if (!parsed.success) {
    const problems = problemsOf(clustersFile, data, parsed.error.issues);
    throw new ClustersFileError(
      problems.map((problem) => `${path}${describe(problem, document, lines)}`).join('\n'),
    );
  }
  const clusters = Object.entries(parsed.data.clusters).map(([name, cluster]) =>
    absolute({ ...cluster, name }, dirname(resolve(path))),
  );
  return { clusters, defaultCluster: parsed.data.defaultCluster ?? clusters[0]?.name ?? '' };
}

function describe({ path, message }: Problem, document: Document, lines: LineCounter): string {
  const line = lineOf(path, document, lines);
  const where = path.map(String).join('.');
  return `${line === null ? '' : `:${line}`}: ${where === '' ? '' : `${where}: `}${message}`;
}

/** Line of the key, or of the nearest parent that the file has. */
function lineOf(
  path: readonly PropertyKey[],
  document: Document,
  lines: LineCounter,
): number | null {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const keyNode = isMap(parent)
      ? parent.items.find(({ key: node }) => isScalar(node) && String(node.value) === String(key))
          ?.key
      : document.getIn(path.slice(0, length), true);
    if (isNode(keyNode) && keyNode.range) return lines.linePos(keyNode.range[0]).line;
  }
  return null;
}

function absolute(cluster: ClusterConfig, folder: string): ClusterConfig {
  const file = (name: string) => resolveFileName(folder, name);
  const orNull = (name: string | null) => (name === null ? null : file(name));
  const login = <T extends { keyFile: string; passphraseFile: string | null }>(from: T): T => ({
    ...from,
    keyFile: file(from.keyFile),
    passphraseFile: orNull(from.passphraseFile),
  });
  switch (cluster.kind) {
    case 'local':
      return {
        ...cluster,
        directory: file(cluster.directory),
        modelDirectory: orNull(cluster.modelDirectory),
      };
    case 'heappe': {
      const { transport, credential, caFile } = cluster;
      return {
        ...cluster,
        caFile: orNull(caFile),
        credential: withFile(credential, file),
        transport: transport.kind === 'jump' ? login(transport) : transport,
      };
    }
    case 'slurm-ssh': {
      const { transport } = cluster;
      return {
        ...login(cluster),
        transport: transport.kind === 'jump' ? login(transport) : transport,
      };
    }
  }
}

function withFile(
  credential: HeappeConfig['credential'],
  file: (name: string) => string,
): HeappeConfig['credential'] {
  switch (credential.kind) {
    case 'api-key':
      return { ...credential, keyFile: file(credential.keyFile) };
    case 'password':
      return { ...credential, passwordFile: file(credential.passwordFile) };
    case 'bearer':
      return { ...credential, tokenFile: file(credential.tokenFile) };
  }
}

/** Without the place, which is said already, and without the picture of it. */
function yamlWords(text: string): string {
  return (text.split('\n')[0] ?? text).replace(/ at line \d+, column \d+:?$/, '');
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT'
    ? 'is not there. Begin with a copy of deploy/clusters.example.yaml.'
    : `cannot be read: ${message}`;
}
