import type { EpochMs } from '@wakefield/domain';
import type { Clock, Drivers } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { ClusterStatusStore, CommandStore, JobStore, ModelStore } from './ports/stores.ts';
import { giveUpRemovedClusters, type RemovedClustersDeps } from './removed-clusters.ts';

export interface SweepDeps extends RemovedClustersDeps {
  readonly commands: Pick<CommandStore, 'listStale' | 'purgeFinished'>;
  readonly models: Pick<ModelStore, 'listDue' | 'purgeUnregistered'>;
  readonly jobs: RemovedClustersDeps['jobs'] & Pick<JobStore, 'purgeEnded'>;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
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
const KEEP_PER_MODEL = 20;
/** How long a command can be looked up and its idempotency key is remembered. */
const KEEP_COMMANDS_MS = 30 * 24 * 3_600_000;
/** The beat of sweeps, and of tidying up. */
export const SWEEP_EVERY_MS = 5_000;
const TIDY_EVERY_MS = 60_000;

/**
 * Looks at everything that is due and nudges it again. The guarantee behind all nudges: whatever was lost
 * on the way, or with Redis, is found here.
 */
export async function sweep(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const now = deps.clock.now();
  for (const id of await deps.commands.listStale(now - STALE_AFTER_MS, BATCH))
    await deps.nudges.command(id);
  for (const id of await deps.models.listDue(now, BATCH)) await deps.nudges.model(id);
  const status = await deps.clusters.list();
  for (const name of deps.drivers.keys()) {
    const due = status.get(name)?.nextLookAt ?? 0;
    if (due <= now) await deps.nudges.cluster(name, 0);
  }
  if (isTidyTime(now)) await tidy(deps, now, signal);
}

/** One sweep in twelve: what is tidied up has waited for days. */
function isTidyTime(now: EpochMs): boolean {
  return now % TIDY_EVERY_MS < SWEEP_EVERY_MS;
}

async function tidy(deps: SweepDeps, now: number, signal: AbortSignal): Promise<void> {
  await giveUpRemovedClusters(deps, now);
  await deps.commands.purgeFinished(now - KEEP_COMMANDS_MS);
  await deps.models.purgeUnregistered();
  const purged = await deps.jobs.purgeEnded(now - KEEP_ENDED_MS, KEEP_PER_MODEL);
  for (const [name, driver] of deps.drivers) {
    const names = purged.filter((job) => job.cluster === name).map((job) => job.name);
    if (names.length === 0) continue;
    await driver
      .forget(names, signal)
      .catch((err: unknown) =>
        deps.log.warn({ err, cluster: name }, 'job directories not removed'),
      );
  }
}
