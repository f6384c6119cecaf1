import { endClusters } from '@wakefield/control';
import { openStore } from '@wakefield/store';

/**
 * Writes down that what ran on these clusters is over, because they end with us. No service may run meanwhile: each
 * table has one writer.
 * @param withinMs how long to wait for what a killed scheduler still holds (six seconds at most, its lease)
 */
export async function recordEndOfClusters(
  databaseUrl: string,
  clusters: ReadonlySet<string>,
  reason: string,
  withinMs: number,
): Promise<void> {
  const store = openStore({
    databaseUrl,
    poolSize: 2,
    applicationName: 'wakefield-start',
    statementTimeoutMs: 3000,
    onError: () => undefined,
  });
  try {
    const deps = { ...store.stores, clock: { now: () => Date.now() }, holder: 'npm start' };
    await endClusters(deps, clusters, reason, AbortSignal.timeout(withinMs));
  } finally {
    await store.close();
  }
}
