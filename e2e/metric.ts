import type { RunFile } from './wakefield.ts';

/** Sum of a metric over its labels; those that match only. NaN while the process does not answer. */
export async function metric(
  { opsUrl }: Pick<RunFile['services']['proxy'][number], 'opsUrl'>,
  name: string,
  labels = '',
): Promise<number> {
  const answer = await fetch(`${opsUrl}/metrics`).catch(() => null);
  if (answer === null) return Number.NaN;
  return (await answer.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
