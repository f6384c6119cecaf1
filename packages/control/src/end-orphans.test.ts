import { describe, expect, test } from '@jest/globals';
import type { ClusterJob, ClusterSnapshot, Job } from '@wakefield/domain';
import { endOrphans } from './end-orphans.ts';
import type { ClusterDriver } from './ports/cluster.ts';

/** What was cancelled on cluster `a`, which sees these jobs running, when the rows are these by cluster. */
async function cancelled(
  seen: readonly string[],
  rows: Readonly<Record<string, readonly string[]>>,
): Promise<readonly string[]> {
  const names: string[] = [];
  const driver = {
    name: 'a',
    cancel: async (jobs: readonly { readonly name: string }[]) => {
      names.push(...jobs.map(({ name }) => name));
    },
  } as unknown as ClusterDriver;
  const sightings = new Map(
    seen.map((name) => [name, { clusterJob: { name, state: 'running' } as ClusterJob }] as const),
  );
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  await endOrphans(
    {
      jobs: {
        listLiveForCluster: async (cluster) =>
          (rows[cluster] ?? []).map((name) => ({ name }) as Job),
      },
      drivers: new Map(Object.keys(rows).map((name) => [name, driver])),
      log: quiet as never,
    },
    driver,
    { cluster: 'a', takenAt: 0, sightings } as unknown as ClusterSnapshot,
    new AbortController().signal,
  );
  return names;
}

describe('orphans', () => {
  test('a job without a row is ended, one with a row is not', async () => {
    expect(await cancelled(['wf-1', 'wf-2'], { a: ['wf-1'] })).toEqual(['wf-2']);
  });

  test('a job of another entry for the same account is none', async () => {
    expect(await cancelled(['wf-1', 'wf-2'], { a: ['wf-1'], b: ['wf-2'] })).toEqual([]);
  });

  test('nothing is cancelled where nothing runs', async () => {
    expect(await cancelled([], { a: ['wf-1'] })).toEqual([]);
  });
});
