import type {
  Command,
  CommandBody,
  CommandContext,
  CommandEffect,
  CommandId,
  CommandOutcome,
  EpochMs,
  Model,
  ModelId,
  ServiceId,
} from '@wakefield/domain';
import { eq, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { readLiveJobs } from './job-store.ts';
import { type LockedModel, lockModel, saveDesired } from './model-store.ts';
import { readProject, saveActivation, saveProject } from './project-store.ts';
import { bumpRouteRevision } from './route-revision.ts';
import { toCommand } from './rows.ts';
import { commands } from './schema/commands.ts';
import { projects } from './schema/projects.ts';
import { lockService, saveDesiredService } from './service-store.ts';

export interface AppliedCommand {
  readonly command: Command;
  readonly modelId: ModelId | null;
  readonly serviceId: ServiceId | null;
}

/**
 * Applies a command inside a transaction. Locks are always taken in the order command, name, project,
 * model or service, route revision.
 * @returns null when there is no such command; a finished one as it stands
 */
export async function applyCommandRow(
  queries: Queries,
  id: CommandId,
  now: EpochMs,
  decide: (context: CommandContext) => CommandEffect,
): Promise<AppliedCommand | null> {
  const [row] = await queries.select().from(commands).where(eq(commands.id, id)).for('update');
  if (row === undefined) return null;
  if (row.finishedAt !== null)
    return { command: toCommand(row), modelId: row.modelId, serviceId: row.serviceId };
  const { context, before } = await lockContext(queries, toCommand(row));
  const effect = decide(context);
  const routesChange = await saveEffect(queries, context, before, effect, now);
  const modelId = effect.model?.id ?? null;
  const serviceId = effect.service?.id ?? null;
  const [finished] = await queries
    .update(commands)
    .set({
      outcome: effect.outcome,
      finishedAt: now,
      modelId,
      serviceId,
      ...keyAfter(effect.outcome),
    })
    .where(eq(commands.id, id))
    .returning();
  if (routesChange) await bumpRouteRevision(queries);
  return finished === undefined ? null : { command: toCommand(finished), modelId, serviceId };
}

/**
 * Who is told to come back may come back with the same idempotency key: a cluster that could not be asked
 * decided nothing, so there is nothing to repeat.
 */
function keyAfter(outcome: CommandOutcome): { readonly idempotencyKey?: null } {
  const undecided = outcome.status === 'rejected' && outcome.code === 'cluster_unreachable';
  return undecided ? { idempotencyKey: null } : {};
}

interface LockedContext {
  readonly context: CommandContext;
  readonly before: LockedModel | null;
}

async function lockContext(queries: Queries, command: Command): Promise<LockedContext> {
  const hfModelId = modelNamedBy(command.body);
  const serviceId = serviceNamedBy(command);
  // Rows that do not exist yet cannot be locked, names can: whoever creates the row does it alone.
  const named = hfModelId ?? serviceId;
  await lockName(queries, named === null ? [command.project] : [command.project, named]);
  await queries
    .select({ name: projects.name })
    .from(projects)
    .where(eq(projects.name, command.project))
    .for(named === null ? 'update' : 'share');
  const project = await readProject(queries, command.project);
  const before = hfModelId === null ? null : await lockModel(queries, command.project, hfModelId);
  const model = before?.model ?? null;
  const liveJobs = model === null ? [] : await readLiveJobs(queries, model.id);
  const service = serviceId === null ? null : await lockService(queries, serviceId);
  return { context: { command, project, model, liveJobs, service }, before };
}

/** @returns whether readers of routes can see the difference */
async function saveEffect(
  queries: Queries,
  context: CommandContext,
  before: LockedModel | null,
  effect: CommandEffect,
  now: EpochMs,
): Promise<boolean> {
  const newProject = effect.project !== undefined && context.project === null;
  if (effect.project !== undefined) await saveProject(queries, effect.project);
  if (effect.activation !== undefined)
    await saveActivation(queries, context.command.project, effect.activation);
  if (effect.service !== undefined) {
    await saveDesiredService(queries, effect.service, now);
    return true;
  }
  if (effect.model === undefined) return newProject;
  const stateChanged = await saveDesired(queries, before, effect.model, now);
  return newProject || stateChanged || modelInRoutes(context.model) !== modelInRoutes(effect.model);
}

/** What readers of routes see of a model's desired state, as a comparable word; empty when nothing. */
function modelInRoutes(model: Model | null): string {
  if (!model?.registered) return '';
  const { id, idle, createdAt } = model;
  const { engine, routing, timeouts, limits } = model.spec;
  // Postgres gives the keys of an object in an order of its own.
  const sorted = (fields: object) => Object.entries(fields).toSorted();
  const ways = [routing.policy, routing.sessionHeader, sorted(routing.weights)];
  return JSON.stringify([id, engine, ways, sorted(timeouts), sorted(limits), idle, createdAt]);
}

function modelNamedBy(body: CommandBody): string | null {
  switch (body.kind) {
    case 'activate':
    case 'startService':
    case 'stopService':
      return null;
    case 'register':
      return body.spec.hfModelId;
    default:
      return body.hfModelId;
  }
}

function serviceNamedBy({ id, body }: Command): ServiceId | null {
  switch (body.kind) {
    case 'startService':
      return id;
    case 'stopService':
      return body.serviceId;
    default:
      return null;
  }
}

async function lockName(queries: Queries, name: readonly string[]): Promise<void> {
  const key = JSON.stringify(['wakefield', ...name]);
  await queries.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
}
