import type { RunFile } from './wakefield.ts';

type Place = Pick<RunFile['services']['proxy'][number], 'opsUrl'>;

/** Sum of a metric over its labels; those that match only. NaN while the process does not answer. */
export async function metric(place: Place, name: string, labels = ''): Promise<number> {
  const figures = await scrape(place);
  return figures === null ? Number.NaN : sumOf(figures, name, labels);
}

/** Requests that wait for their models, in all proxies together. NaN while one of them does not answer. */
export async function heldRequests(proxies: readonly Place[]): Promise<number> {
  const held = await Promise.all(proxies.map((one) => metric(one, 'wakefield_held_requests')));
  return held.reduce((sum, count) => sum + count, 0);
}

/** All figures of a process at one moment, as it tells them; null while it does not answer. */
export async function scrape({ opsUrl }: Place): Promise<string | null> {
  try {
    // Who stands still does not answer.
    const answer = await fetch(`${opsUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
    return await answer.text();
  } catch {
    return null;
  }
}

/** Sum of a metric over its labels; those that match only. */
export function sumOf(figures: string, name: string, labels = ''): number {
  return figures
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
