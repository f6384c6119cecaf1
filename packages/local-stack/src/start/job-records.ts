import { openStore, type Store } from '@wakefield/store';
import { poll } from '../process/poll.ts';

type Stores = Store['stores'];
type Model = Awaited<ReturnType<Stores['models']['list']>>[number];

const livePhases = ['intended', 'queued', 'starting', 'ready', 'draining'] as const;
/** A scheduler that was killed in the middle of a model keeps its right to it for eight seconds. */
const leaseWait = { timeoutMs: 10_000, everyMs: 250 };
const leaseMs = 5000;

/**
 * Writes down that jobs of these clusters are over and puts their models to sleep, because the clusters end with
 * us. Otherwise the scheduler would wait for word of them for ever, or take it for failures, or start jobs again
 * before anybody asks. No service may run meanwhile: each table has one writer.
 */
export async function recordEndOfClusters(
  databaseUrl: string,
  clusters: ReadonlySet<string>,
  reason: string,
): Promise<void> {
  const store = openStore({
    databaseUrl,
    poolSize: 1,
    applicationName: 'wakefield-start',
    statementTimeoutMs: 3000,
    onError: () => undefined,
  });
  try {
    for (const cluster of clusters) await endJobs(store.stores, cluster, reason);
    for (const model of await awakeModels(store.stores, clusters))
      await putToSleep(store.stores, model);
  } finally {
    await store.close();
  }
}

async function endJobs({ jobs }: Stores, cluster: string, reason: string): Promise<void> {
  for (const job of await jobs.listLiveForCluster(cluster))
    await jobs.patch(job.id, livePhases, {
      phase: 'ended',
      outcome: 'as_asked',
      reason,
      endedAt: Date.now(),
    });
}

async function awakeModels(
  { projects, models }: Stores,
  clusters: ReadonlySet<string>,
): Promise<readonly Model[]> {
  const found: Model[] = [];
  for (const { name, clusters: bound } of await projects.list())
    for (const model of await models.list(name))
      if (!model.idle && clusters.has(model.cluster ?? bound[0] ?? '')) found.push(model);
  return found;
}

async function putToSleep({ leases, models }: Stores, model: Model): Promise<void> {
  const key = `model:${model.id}`;
  const lease = await poll(
    leaseWait,
    async () => (await leases.acquire(key, 'npm start', leaseMs)) ?? undefined,
  );
  // The scheduler sees to it then, one way or another.
  if (lease === undefined) return;
  const now = Date.now();
  const plan = {
    generation: model.generation,
    patch: { idle: true },
    status: { state: 'not_loaded', reason: null, because: ['its cluster was ended'] },
    lookAgainAt: now,
  } as const;
  await models.savePlan(model.id, lease, plan, now);
  await leases.release(lease);
}
