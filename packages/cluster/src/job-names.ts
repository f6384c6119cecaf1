import { ClusterError } from '@wakefield/control';
import type { JobName } from '@wakefield/domain';

/** Job names become directory names and words of programs: nothing else may pass, whoever calls. */
export function checkedName(name: JobName): JobName {
  if (/^[a-z0-9][a-z0-9-]{0,49}$/.test(name)) return name;
  throw new ClusterError('refused', `not a job name: ${JSON.stringify(name)}`);
}

/** The same for files of a job. */
export function checkedFile(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) return name;
  throw new ClusterError('refused', `not a file name: ${JSON.stringify(name)}`);
}
