import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkYaml } from '@wakefield/runtime/yaml';
import { z } from 'zod';
import { resolveFileName } from './clusters-path.ts';
import { type HeappeConfig, heappe } from './heappe.ts';
import { type LocalConfig, local } from './local.ts';
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
  const checked = checkYaml(clustersFile, text, path);
  if (checked.problems !== null) throw new ClustersFileError(checked.problems.join('\n'));
  const { data } = checked;
  const clusters = Object.entries(data.clusters).map(([name, cluster]) =>
    absolute({ ...cluster, name }, dirname(resolve(path))),
  );
  return { clusters, defaultCluster: data.defaultCluster ?? clusters[0]?.name ?? '' };
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

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT'
    ? 'is not there. Begin with a copy of deploy/clusters.example.yaml.'
    : `cannot be read: ${message}`;
}
