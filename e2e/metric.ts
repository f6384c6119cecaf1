import type { RunFile } from './wakefield.ts';

/** Sum of a metric over its labels; those that match only. NaN while the process does not answer. */
export async function metric(
  { opsUrl }: Pick<RunFile['services']['proxy'][number], 'opsUrl'>,
  name: string,
  labels = '',
): Promise<number> {
  const text = await read(`${opsUrl}/metrics`).catch(() => null);
  if (text === null) return Number.NaN;
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Who stands still does not answer. */
async function read(url: string): Promise<string> {
  return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text();
}
