import type { Job, JobId, Model, Service } from '@wakefield/domain';
import { jobFields } from './job-fields.ts';
import {
  type Clock,
  type ClusterDriver,
  ClusterError,
  type Drivers,
  type Ids,
  type RecipeCatalog,
} from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log, Telemetry } from './ports/observability.ts';
import type { JobPatch, JobStore, Lease } from './ports/stores.ts';
import type { SubmissionGate } from './submission-gate.ts';

export interface ActDeps {
  readonly jobs: Pick<JobStore, 'intend' | 'patch' | 'engineKey'>;
  readonly nudges: Pick<Nudges, 'cluster'>;
  readonly drivers: Drivers;
  readonly recipes: Pick<RecipeCatalog, 'render' | 'renderService' | 'capacity'>;
  readonly submissions: SubmissionGate;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Short id in every job name. */
  readonly installation: string;
}

/** What one plan is carried out on. */
export interface ActContext {
  readonly model: Model;
  /** The service that the model stands for (`asModel`); null: it is a model. */
  readonly service: Service | null;
  readonly jobs: readonly Job[];
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

/**
 * Compare-and-set under the lease, told to telemetry and log.
 * @returns the job as written, or null when it had moved on
 * @throws LeaseLostError
 */
export async function write(
  deps: ActDeps,
  { lease }: Pick<ActContext, 'lease'>,
  job: Job,
  phases: readonly Job['phase'][],
  patch: JobPatch,
): Promise<Job | null> {
  const after = await deps.jobs.patch(job.id, phases, patch, { lease });
  if (after !== null && after.phase !== job.phase) {
    deps.telemetry.jobAdvanced(job, after);
    deps.log.info(jobFields(after), 'job moved on');
  }
  return after;
}

/** @throws ClusterError `misconfigured` */
export function driverOf(
  deps: ActDeps,
  job: { readonly id: JobId; readonly cluster: string },
): ClusterDriver {
  const driver = deps.drivers.get(job.cluster);
  if (driver === undefined) {
    throw new ClusterError('misconfigured', `cluster ${job.cluster} is not in the configuration`);
  }
  return driver;
}

export function bounded({ signal }: ActContext, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
