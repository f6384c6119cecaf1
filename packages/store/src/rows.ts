import type { ModelToPlan, ModelWithStatus } from '@wakefield/control';
import {
  type Address,
  type Command,
  type CommandBody,
  defaultRouting,
  type Expectation,
  type Job,
  type Model,
  noLimits,
  noTimeouts,
} from '@wakefield/domain';
import { getTableColumns } from 'drizzle-orm';
import type { commands } from './schema/commands.ts';
import { jobs } from './schema/jobs.ts';
import type { models } from './schema/models.ts';

type JobRow = Omit<typeof jobs.$inferSelect, 'engineKey' | 'gpuCount'>;
type ModelRow = typeof models.$inferSelect;

const { engineKey: _secret, gpuCount: _room, ...publicJobColumns } = getTableColumns(jobs);
/** Columns of a Job: all but the engine's key, and what only room is counted by. */
export const jobColumns = publicJobColumns;

export function toJob({
  addressHost,
  addressPort,
  expectedFrom: from,
  expectedTo: to,
  expectedSource: source,
  ...row
}: JobRow): Job {
  const expectedStart =
    from === null || to === null || source === null ? null : { from, to, source };
  return { ...row, expectedStart, address: toAddress(addressHost, addressPort) };
}

/** A time span of which both ends are known, or neither. */
export function toExpectation(from: number | null, to: number | null): Expectation | null {
  return from === null || to === null ? null : { from, to };
}

export function toAddress(host: string | null, port: number | null): Address | null {
  return host === null || port === null ? null : { host, port };
}

/**
 * Whether an engine may be at work on requests that it was sent. A job that was suspended or is completing is
 * starting again, with the time at which it was ready; one that was requeued or has moved has lost that time, or
 * its address if it was draining.
 */
export function mayServe({ phase, readyAt, address }: Pick<Job, 'phase' | 'readyAt' | 'address'>) {
  if (phase === 'starting') return readyAt !== null;
  return phase === 'ready' || (phase === 'draining' && address !== null);
}

export function toModel(row: ModelRow): Model {
  const { state, reason, because, expectedReady, ...model } = toModelWithStatus(row);
  return model;
}

export function toModelToPlan(row: ModelRow): ModelToPlan {
  return { ...toModelWithStatus(row), dueCount: row.dueCount, nextLookAt: row.nextLookAt };
}

export function toModelWithStatus(row: ModelRow): ModelWithStatus {
  return {
    id: row.id,
    project: row.project,
    cluster: row.cluster,
    spec: {
      hfModelId: row.hfModelId,
      engine: row.engine,
      gpuCount: row.gpuCount,
      walltimeSeconds: row.walltimeSeconds,
      walltimeRatio: row.walltimeRatio,
      idleTimeoutSeconds: row.idleTimeoutSeconds,
      autoscale: row.autoscale,
      isRefreshing: row.isRefreshing,
      cluster: row.specCluster,
      otherClusters: row.otherClusters,
      minReplicas: row.minReplicas,
      maxReplicas: row.maxReplicas,
      engineArgs: row.engineArgs,
      resources: row.resources,
      timeouts: row.timeouts,
      routing: row.routing,
      limits: row.limits,
    },
    revision: row.revision,
    generation: row.generation,
    registered: row.registered,
    stopRequested: row.stopRequested,
    idle: row.idle,
    replicas: row.replicas,
    replicasChangedAt: row.replicasChangedAt,
    surplusSince: row.surplusSince,
    lastWakeupAt: row.lastWakeupAt,
    lastRequestAt: row.lastRequestAt,
    traceId: row.traceId,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    state: row.state,
    reason: row.reason,
    because: row.because,
    expectedReady: toExpectation(row.expectedReadyFrom, row.expectedReadyTo),
  };
}

/** Columns of a Model; its status and its next look are written elsewhere. */
export function fromModel({ spec, ...model }: Model): typeof models.$inferInsert {
  const { cluster: specCluster, ...columns } = spec;
  return { ...columns, ...model, specCluster };
}

export function toCommand(row: typeof commands.$inferSelect): Command {
  return {
    id: row.id,
    project: row.project,
    body: withDefaults(row.body),
    by: row.by,
    acceptedAt: row.acceptedAt,
    outcome: row.outcome,
    finishedAt: row.finishedAt,
    traceId: row.traceId,
  };
}

/** Commands of an older release do not say what only newer ones can ask for. */
function withDefaults(body: CommandBody): CommandBody {
  if (body.kind !== 'register') return body;
  const older = {
    otherClusters: [],
    minReplicas: 0,
    timeouts: noTimeouts,
    limits: noLimits,
    routing: defaultRouting,
  };
  return { ...body, spec: { ...older, ...body.spec } };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids come from callers, too: what is no UUID names nothing, and would make Postgres throw. */
export function isUuid(id: string): boolean {
  return UUID.test(id);
}
