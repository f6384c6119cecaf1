import { setTimeout as wait } from 'node:timers/promises';
import { type Address, isLeaving, type Job, type JobId } from '@wakefield/domain';
import { engineTargets } from './engine-target.ts';
import { jobFields } from './job-fields.ts';
import { nudgeOwners } from './nudge-owners.ts';
import type { Clock, EngineProber, ProbeVerdict } from './ports/cluster.ts';
import type { Nudges, RouteBus } from './ports/messaging.ts';
import type { Log, Telemetry } from './ports/observability.ts';
import type { JobStore, RouteStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';

export interface ProbeJobDeps {
  readonly jobs: Pick<JobStore, 'get' | 'patch' | 'listEngines'>;
  readonly routes: Pick<RouteStore, 'revision'>;
  readonly routeBus: Pick<RouteBus, 'publish'>;
  readonly nudges: Pick<Nudges, 'model' | 'service'>;
  readonly prober: EngineProber;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two knocks while there is news; else a cluster's cadence is what a held request waits at most. */
const KNOCK_EVERY_MS = 150;
/**
 * Stay at the door after something new was said. Engines load for minutes, each knock is a channel through the login
 * node, and each stay a run that other engines wait for: without news we knock once for each look at the cluster,
 * which sends us back while the job is starting.
 */
const STAY_MS = 5_000;
/** However much news there is. */
const LONGEST_STAY_MS = 20_000;
/** Health, identity and warm-up together; the first completion of a large model takes its time. */
const KNOCK_TIMEOUT_MS = 120_000;

/** Waits at a starting job's engine until it is ready, and opens its route. */
export async function probeJob(deps: ProbeJobDeps, id: JobId, signal: AbortSignal): Promise<void> {
  const beganAt = performance.now();
  let newsAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted && performance.now() < beganAt + LONGEST_STAY_MS) {
    const answer = await knock(deps, id, signal);
    if (answer === null) return;
    const { verdict, ...found } = answer;
    if (verdict.status !== 'ready') {
      if (await tell(deps, found, verdict)) newsAt = performance.now();
    } else if (await open(deps, found, verdict.capacity)) return;
    // Not opened: it has moved or is leaving, which the next look at it tells.
    if (performance.now() >= newsAt + STAY_MS) return;
    await wait(KNOCK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** What was knocked at. */
interface Found {
  readonly job: Job;
  readonly address: Address;
}

interface Answer extends Found {
  readonly verdict: ProbeVerdict;
}

/** null when there is nothing to wait for any more. The row is read each time: its address may change. */
async function knock(deps: ProbeJobDeps, id: JobId, signal: AbortSignal): Promise<Answer | null> {
  const job = await deps.jobs.get(id);
  if (job?.phase !== 'starting' || isLeaving(job)) return null;
  const target = (await engineTargets(deps, [job])).get(id);
  if (target === undefined) return null;
  const verdict = await deps.prober.probe(
    target,
    AbortSignal.any([signal, AbortSignal.timeout(KNOCK_TIMEOUT_MS)]),
  );
  return { job, address: target.address, verdict };
}

/**
 * Why the engine is not ready becomes the job's reason; the log hears of it when it changes.
 * @returns whether that was news
 */
async function tell(
  deps: ProbeJobDeps,
  { job, address }: Found,
  { status, detail }: Exclude<ProbeVerdict, { readonly status: 'ready' }>,
): Promise<boolean> {
  const foreign = status === 'foreign';
  const words = foreign ? 'Another engine answers at its address' : 'The engine is not ready yet';
  const reason = `${words}: ${detail}`;
  if (job.reason === reason) return false;
  const after = await deps.jobs.patch(job.id, ['starting'], { reason }, { engineAt: address });
  if (after === null) return true;
  if (foreign) deps.log.warn(jobFields(after), 'another engine answers at the address');
  else deps.log.info(jobFields(after), 'engine not ready yet');
  return true;
}

/** @returns false when the job has moved on, or is somewhere else than where the engine was found */
async function open(
  deps: ProbeJobDeps,
  { job: before, address }: Found,
  ownLimit: number | null,
): Promise<boolean> {
  const ready = {
    phase: 'ready',
    // One that stood still for a while (suspended) was ready before: it did not load for so long.
    readyAt: before.readyAt ?? deps.clock.now(),
    reason: null,
    // Others may have shown that it takes fewer in fact.
    ...(ownLimit === null ? {} : { capacity: Math.min(before.capacity ?? ownLimit, ownLimit) }),
  } as const;
  const after = await deps.jobs.patch(before.id, ['starting'], ready, { engineAt: address });
  if (after === null) return false;
  await publishRoutes(deps);
  deps.telemetry.jobAdvanced(before, after);
  deps.log.info(jobFields(after), 'job moved on');
  await nudgeOwners(deps, [after]);
  return true;
}
