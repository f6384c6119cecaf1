import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wakefield } from '../wakefield.ts';
import type { Served, ServedBy } from './blame.ts';

/** What the proxies wrote down of these requests, in the logs that `npm start` keeps. */
export async function servedBy(
  { directory }: Pick<Wakefield, 'directory'>,
  ids: readonly string[],
): Promise<ServedBy> {
  const found = new Map<string, Served>();
  if (ids.length === 0) return found;
  for await (const file of glob(join(directory, 'logs/proxy*.log')))
    for (const [id, served] of servedIn(await readFile(file, 'utf8'), new Set(ids)))
      found.set(id, served);
  return found;
}

/** The last word on a request counts: the one at its end, or of an attempt that brought nothing. */
export function servedIn(log: string, ids: ReadonlySet<string>): ServedBy {
  const found = new Map<string, Served>();
  for (const line of log.split('\n')) {
    const id = /"requestId":"([^"]+)"/.exec(line)?.[1] ?? '';
    const pid = Number(/"pid":(\d+)/.exec(line)?.[1]);
    const jobId = /"jobId":"([^"]+)"/.exec(line)?.[1] ?? null;
    if (ids.has(id)) found.set(id, { pid, jobId: jobId ?? found.get(id)?.jobId ?? null });
  }
  return found;
}
