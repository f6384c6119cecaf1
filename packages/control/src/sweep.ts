import {
  type ClusterName,
  type EpochMs,
  endedToJudge,
  type Job,
  type JobName,
} from '@wakefield/domain';
import { nudgeService } from './nudge-service.ts';
import type { Clock, Drivers } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type {
  ClusterStatusStore,
  CommandStore,
  JobStore,
  LeaseStore,
  ModelStore,
  NoticeStore,
  ServiceStore,
} from './ports/stores.ts';
import type { Webhook } from './ports/webhook.ts';
import { type PurgeUsageDeps, purgeUsage } from './purge-usage.ts';
import { giveUpRemovedClusters, type RemovedClustersDeps } from './removed-clusters.ts';
import { GIVE_UP_AFTER_MS } from './send-notices.ts';
import { type SweepModelsDeps, sweepModels } from './sweep-models.ts';

export interface SweepDeps extends RemovedClustersDeps, SweepModelsDeps, PurgeUsageDeps {
  readonly commands: Pick<CommandStore, 'listStale' | 'purgeFinished'>;
  readonly models: SweepModelsDeps['models'] & Pick<ModelStore, 'purgeUnregistered'>;
  readonly jobs: RemovedClustersDeps['jobs'] &
    SweepModelsDeps['jobs'] &
    Pick<JobStore, 'listPurgeable' | 'purgeEnded'>;
  readonly services: Pick<ServiceStore, 'listDue' | 'purgeOver'>;
  readonly notices: Pick<NoticeStore, 'listDue' | 'purge'>;
  /** null: nobody is told of services. */
  readonly webhook: Webhook | null;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
  readonly leases: Pick<LeaseStore, 'acquire'>;
  /** Names this process on leases. */
  readonly holder: string;
  readonly drivers: Drivers;
  readonly nudges: Nudges;
  readonly clock: Clock;
  readonly log: Log;
}

const BATCH = 500;
/** A command that is not finished by now was not delivered. */
const STALE_AFTER_MS = 2_000;
/** How long the rows and directories of ended jobs are kept for people to look at. */
const KEEP_ENDED_MS = 7 * 24 * 3_600_000;
/** Of each model on each cluster; more where more are needed to decide. */
const KEEP_AT_LEAST = 20;
/** How long it can be seen what was told of services. */
const KEEP_NOTICES_MS = 7 * 24 * 3_600_000;
/** How long a command can be looked up and its idempotency key is remembered. */
const KEEP_COMMANDS_MS = 30 * 24 * 3_600_000;
/** One tidies up, and nobody else until this time has passed: the lease is left to expire. */
const TIDY_EVERY_MS = 60_000;
/** Directories that are removed in one call to a cluster. */
const FORGET_AT_ONCE = 200;
/** What is left over is tidied up in the next minute. */
const PAGES_AT_MOST = 10;

/**
 * Looks at everything that is due and nudges it again. The guarantee behind all nudges: whatever was lost
 * on the way, or with Redis, is found here.
 */
export async function sweep(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const now = deps.clock.now();
  for (const id of await deps.commands.listStale(now - STALE_AFTER_MS, BATCH))
    await deps.nudges.command(id);
  const status = await deps.clusters.list();
  for (const name of deps.drivers.keys()) {
    const due = status.get(name)?.nextLookAt ?? 0;
    if (due <= now) await deps.nudges.cluster(name, 0);
  }
  try {
    await sweepModels(deps, now, signal);
    for (const id of await deps.services.listDue(now, BATCH)) await nudgeService(deps, id);
    if (deps.webhook !== null)
      for (const id of await deps.notices.listDue(now, BATCH)) await deps.nudges.notices(id);
  } finally {
    const turn = await deps.leases.acquire('tidy', deps.holder, TIDY_EVERY_MS);
    if (turn !== null) await tidy(deps, now, signal);
  }
}

async function tidy(deps: SweepDeps, now: EpochMs, signal: AbortSignal): Promise<void> {
  await giveUpRemovedClusters(deps, now);
  await apart(deps, 'commands', () => deps.commands.purgeFinished(now - KEEP_COMMANDS_MS));
  await apart(deps, 'notices', () => {
    const before = now - KEEP_NOTICES_MS;
    return deps.notices.purge(before, before - GIVE_UP_AFTER_MS);
  });
  await apart(deps, 'usage', () => purgeUsage(deps, now, signal));
  await apart(deps, 'jobs', () => purgeJobs(deps, now, signal));
}

/** One purge that fails, or takes longer than a statement may, keeps no other from its work. */
async function apart(deps: SweepDeps, what: string, purge: () => Promise<unknown>): Promise<void> {
  try {
    await purge();
  } catch (err) {
    deps.log.warn({ err, what }, 'not purged; it is tried again in a minute');
  }
}

async function purgeJobs(deps: SweepDeps, now: EpochMs, signal: AbortSignal): Promise<void> {
  const failed = new Set<ClusterName>();
  const besideReplicas = endedToJudge({ maxReplicas: 0 }, deps.policy);
  const keep = { least: KEEP_AT_LEAST, besideReplicas };
  const before = now - KEEP_ENDED_MS;
  for (let pages = 0; pages < PAGES_AT_MOST && !signal.aborted; pages += 1) {
    const page = await deps.jobs.listPurgeable(before, keep, {
      limit: FORGET_AT_ONCE,
      except: [...failed],
    });
    const forgotten = await forget(deps, page, failed, signal);
    const jobs = await deps.jobs.purgeEnded(forgotten, keep);
    const models = await deps.models.purgeUnregistered(forgotten);
    const services = await deps.services.purgeOver(forgotten, before);
    if (page.length < FORGET_AT_ONCE) return;
    if (forgotten.length > 0 && jobs + models + services === 0) return;
  }
}

/**
 * Removes directories on their clusters. Rows go only after their directories, so that what fails is tried again; a
 * cluster that is not in the configuration any more keeps its directories.
 * @returns the jobs whose rows may go
 */
async function forget(
  deps: SweepDeps,
  jobs: readonly Pick<Job, 'name' | 'cluster'>[],
  failed: Set<ClusterName>,
  signal: AbortSignal,
): Promise<readonly JobName[]> {
  const forgotten: JobName[] = [];
  for (const cluster of new Set(jobs.map((job) => job.cluster))) {
    const names = jobs.filter((job) => job.cluster === cluster).map(({ name }) => name);
    try {
      await deps.drivers.get(cluster)?.forget(names, signal);
      forgotten.push(...names);
    } catch (err) {
      failed.add(cluster);
      deps.log.warn({ err, cluster }, 'job directories not removed');
    }
  }
  return forgotten;
}
