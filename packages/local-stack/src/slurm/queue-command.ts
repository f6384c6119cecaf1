import { join } from 'node:path';
import type { SlurmTools } from './tools.ts';

/** What shows the queue in a person's shell. Unpacked programs are on nobody's PATH. */
export function queueCommand(
  { path, unpacked }: Pick<SlurmTools, 'path' | 'unpacked'>,
  conf: string,
): string {
  const [folder = ''] = path.split(':');
  const words = [conf, unpacked === null ? 'squeue' : join(folder, 'squeue')].map(shellWord);
  return `SLURM_CONF=${words.join(' ')}`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
