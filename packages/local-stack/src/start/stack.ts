import { migrate } from '@wakefield/store';
import type { PrivateSlurm } from '../slurm/start-slurm.ts';
import {
  type ClusterSummary,
  checkoutRoot,
  isOurs,
  machineRecipes,
  writeClusters,
} from './clusters-file.ts';
import { type DataPaths, localKey, openDataDirectory } from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { ensureFirstModel } from './first-model.ts';
import { recordEndOfClusters } from './job-records.ts';
import { endLocalJobs } from './local-jobs.ts';
import { heappeCluster, privateClusters, slurmCluster } from './private-clusters.ts';
import { bootHeappe, endOldHeappeJobs, type PrivateHeappe } from './private-heappe.ts';
import { bootSlurm, endOldSlurmJobs } from './private-slurm.ts';
import { publicUrl } from './ready-text.ts';
import { refuseEarly, requireFreePort } from './refuse-early.ts';
import { endOldServices } from './run-file.ts';
import { runServices } from './run-services.ts';
import { settleAll } from './settle-all.ts';
import type { StackContext } from './stack-context.ts';
import { startDatabase, startQueueStore } from './stores.ts';

/** Everything that `npm start` runs. */
export interface Stack {
  readonly url: string;
  readonly key: string;
  readonly dataDirectory: string;
  /** false: every cluster is somebody else's. */
  readonly firstModel: boolean;
  /** A cluster that is somebody else's; null: there is none. */
  readonly centre: string | null;
  /** Shows the queue of the private SLURM in a shell; null without one. */
  readonly queueCommand: string | null;
}

/** A scheduler that was killed in the middle of a model keeps its right to it for six seconds. */
const leaseWaitMs = 10_000;
/** What Postgres and Redis need at the end. */
const storeStopMs = 2_000;

/**
 * Brings everything up.
 * @throws SetupError with the remedy; what was opened until then is in `closing`
 */
export async function startStack(context: StackContext): Promise<Stack> {
  const { options, progress, closing } = context;
  const url = publicUrl(options.host, options.port);
  await refuseEarly(options);
  const paths = openDataDirectory(options.dataDirectory, options.clustersFile);
  closing.add('lock', 'lock', await lockDirectory(paths.root, url));
  await endOldServices(paths);
  await requireFreePort(options);
  const [postgres, redis, { clusters, queueCommand, heappe }] = await settleAll([
    startDatabase(context, paths),
    startQueueStore(context, paths),
    prepareClusters(context, paths),
  ]);
  await progress.step('database schema', () => migrate(postgres.first.url));
  await keepJobRecords(context, postgres.first.url, clusters);
  const key = localKey(paths.root, options.localKey);
  const services = await runServices(context, paths, {
    databaseUrl: postgres.first.url,
    redisUrl: redis.first.url,
    localKey: key,
    clusters,
    heappe,
    url,
  });
  // At a centre there is no project "demo", and no simulator.
  const home = clusters.find(isOurs);
  if (home !== undefined)
    await progress.step('first model', () =>
      ensureFirstModel(
        { url, key },
        home.name,
        clusters.map(({ name }) => name),
      ),
    );
  services.announce();
  return {
    url,
    key,
    dataDirectory: paths.root,
    firstModel: home !== undefined,
    centre: clusters.find((cluster) => !isOurs(cluster))?.name ?? null,
    queueCommand,
  };
}

async function prepareClusters(context: StackContext, paths: DataPaths) {
  const { closing } = context;
  const booting = ownSlurm(context, paths);
  const [slurm, heappe] = await settleAll([booting, ownHeappe(context, paths, booting)]);
  const inUse = writeClusters(paths, machineRecipes(checkoutRoot(), paths), [
    ...(slurm === null ? [] : [slurmCluster(paths, slurm.ssh)]),
    ...(heappe === null ? [] : [heappeCluster(heappe.first)]),
  ]);
  closing.add('jobs', 'jobs of local clusters', () => endLocalJobs(inUse.localDirectories));
  return { clusters: inUse.clusters, queueCommand: slurm?.queueCommand ?? null, heappe };
}

async function ownSlurm(context: StackContext, paths: DataPaths): Promise<PrivateSlurm | null> {
  if (!context.options.slurm) {
    await endOldSlurmJobs(paths);
    return null;
  }
  const slurm = await startSlurm(context, paths);
  context.closing.add('jobs', 'SLURM', () => slurm.stop());
  return slurm;
}

/** @param booting the private SLURM, which is then what this HEAppE is in front of */
async function ownHeappe(
  context: StackContext,
  paths: DataPaths,
  booting: Promise<PrivateSlurm | null>,
): Promise<PrivateHeappe | null> {
  if (!context.options.heappe) {
    await endOldHeappeJobs(paths);
    return null;
  }
  const slurm = await booting;
  const heappe = await context.progress.step(
    'HEAppE',
    () => bootHeappe(paths, context.options.heappeVersion, slurm?.environment ?? null, context.log),
    ({ first }) => `${first.version} (a stand-in for tests), ${first.url}`,
  );
  context.closing.add('jobs', 'HEAppE', () => heappe.stop());
  return heappe;
}

function startSlurm({ progress, log }: StackContext, paths: DataPaths): Promise<PrivateSlurm> {
  return progress.step(
    'SLURM',
    (note) => bootSlurm(paths, note, log),
    ({ version, ssh }) => `${version}, ssh ${ssh.user}@${ssh.host}:${ssh.port}`,
  );
}

/** What runs on clusters that end with us is over then, and so is what this start does without. */
async function keepJobRecords(
  { options, closing }: StackContext,
  databaseUrl: string,
  clusters: readonly ClusterSummary[],
): Promise<void> {
  for (const { name, flag, ended } of privateClusters)
    if (!options[flag]) await recordEndOfClusters(databaseUrl, new Set([name]), ended, leaseWaitMs);
  const names = new Set(clusters.filter(isOurs).map(({ name }) => name));
  closing.add('records', 'records of jobs', () =>
    recordEndOfClusters(
      databaseUrl,
      names,
      'Wakefield was stopped.',
      Math.max(0, Math.min(leaseWaitMs, closing.remainingMs() - storeStopMs)),
    ),
  );
}
