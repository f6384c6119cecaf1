import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Places of clusters.yaml: what is named must be there, what is usual may be. */
export function findClustersFile(
  named: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
): string {
  const explicit = named ?? environment.WAKEFIELD_CLUSTERS;
  if (explicit !== undefined && explicit !== '') return resolve(workingDirectory, explicit);
  const data = environment.WAKEFIELD_DATA;
  const usual = [
    ...(data === undefined || data === ''
      ? []
      : [join(resolve(workingDirectory, data), 'clusters.yaml')]),
    join(workingDirectory, 'clusters.yaml'),
  ];
  return usual.find((path) => existsSync(path)) ?? join(workingDirectory, 'clusters.yaml');
}
