import { setTimeout as wait } from 'node:timers/promises';
import type { JobId } from '@wakefield/domain';
import { engineTarget } from './engine-target.ts';
import { jobFields } from './observe-cluster.ts';
import type { Clock, EngineProber, ProbeVerdict } from './ports/cluster.ts';
import type { Nudges, RouteBus } from './ports/messaging.ts';
import type { Log, Telemetry } from './ports/observability.ts';
import type { JobStore, ModelStore, RouteStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';

export interface ProbeJobDeps {
  readonly jobs: Pick<JobStore, 'get' | 'patch' | 'engineKey'>;
  readonly models: Pick<ModelStore, 'get'>;
  readonly routes: Pick<RouteStore, 'revision'>;
  readonly routeBus: Pick<RouteBus, 'publish'>;
  readonly nudges: Pick<Nudges, 'model'>;
  readonly prober: EngineProber;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two knocks: what a held request waits at most after its engine came up. */
const KNOCK_EVERY_MS = 150;
/** One stay at the door; the observer sends us back while the job is still starting. */
const STAY_MS = 20_000;
/** Health, identity and warm-up together; the first completion of a large model takes its time. */
const KNOCK_TIMEOUT_MS = 120_000;

/** Waits at a starting job's engine until it is ready, and opens its route. */
export async function probeJob(deps: ProbeJobDeps, id: JobId, signal: AbortSignal): Promise<void> {
  const leaveAt = performance.now() + STAY_MS;
  while (!signal.aborted && performance.now() < leaveAt) {
    const verdict = await knock(deps, id, signal);
    if (verdict === null) return;
    if (verdict.status === 'ready') return await open(deps, id, verdict.capacity);
    await wait(KNOCK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** null when there is nothing to wait for any more. The row is read each time: its address may change. */
async function knock(
  deps: ProbeJobDeps,
  id: JobId,
  signal: AbortSignal,
): Promise<ProbeVerdict | null> {
  const job = await deps.jobs.get(id);
  if (job?.phase !== 'starting') return null;
  const target = await engineTarget(deps, job);
  if (target === null) return null;
  const verdict = await deps.prober.probe(
    target,
    AbortSignal.any([signal, AbortSignal.timeout(KNOCK_TIMEOUT_MS)]),
  );
  if (verdict.status === 'foreign') {
    deps.log.warn(
      { ...jobFields(job), detail: verdict.detail },
      'another engine answers at the address',
    );
  }
  return verdict;
}

async function open(deps: ProbeJobDeps, id: JobId, capacity: number | null): Promise<void> {
  const before = await deps.jobs.get(id);
  const after = await deps.jobs.patch(id, ['starting'], {
    phase: 'ready',
    readyAt: deps.clock.now(),
    reason: null,
    ...(capacity === null ? {} : { capacity }),
  });
  if (after === null) return;
  await publishRoutes(deps);
  deps.telemetry.jobAdvanced(before, after);
  deps.log.info(jobFields(after), 'job moved on');
  await deps.nudges
    .model(after.modelId)
    .catch((err: unknown) => deps.log.warn({ err, modelId: after.modelId }, 'model not nudged'));
}
