import { isDeepStrictEqual } from 'node:util';
import { ClusterError, type JobSubmission } from '@wakefield/control';
import type { JobName, ProjectName } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import { checkedFile, checkedName } from '../job-names.ts';
import { withAdvice } from '../slurm-advice.ts';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { asLook, HeappeError } from './failures.ts';
import { LAUNCHER, launcherFiles } from './launcher.ts';
import { countLive, jobNamed, type Listing, listJobs } from './listing.ts';
import type { Places } from './place.ts';
import { putFiles } from './put-files.ts';
import { checkRequest, jobSpecification } from './specification.ts';
import type { UnderWay } from './under-way.ts';

export interface SubmitDeps {
  readonly config: HeappeConfig;
  readonly client: HeappeClient;
  readonly places: Places;
  readonly prefix: string;
  readonly underWay: UnderWay;
}

export interface Submitted {
  readonly clusterJobId: string;
  readonly adopted: boolean;
}

/**
 * CreateJob, the files, SubmitJob: one intent, found again by its name wherever it broke off.
 * @throws ClusterError; `unreachable` when it may have worked or is still under way
 */
export async function submitJob(
  deps: SubmitDeps,
  job: JobSubmission,
  signal: AbortSignal,
): Promise<Submitted> {
  checkedName(job.name);
  const files = filesOf(job);
  const listing = await listJobs(deps.client, signal);
  deps.underWay.retain(listing);
  const there = jobNamed(listing, job.name);
  if (there !== null && there.State !== heappeStates.configuring) return adopted(there);
  if (there !== null) {
    const attempt = await deps.underWay.attempt(deps.client, there, signal);
    if (attempt === 'none') return await finish(deps, there, files, signal);
    if (attempt === 'going_on')
      throw new ClusterError(
        'unreachable',
        `an earlier submission of ${job.name} may still be going on`,
      );
    await discard(deps, there, signal);
  }
  await checkRoom(deps, job.project, listing, signal);
  return await finish(deps, await create(deps, job, signal), files, signal);
}

/**
 * HEAppE may have failed between sbatch and its own record (SlurmSchedulerAdapter.cs asks scontrol behind sbatch, in one
 * shell; JobManagementLogic.cs saves after both). What SLURM took then works in the job's directory, which goes with
 * the record: it finds nothing to start, or its launcher finds itself dispossessed.
 */
async function discard({ client }: SubmitDeps, { Id }: JobInfo, signal: AbortSignal) {
  await client.jobs.remove(Id, signal).catch((error: unknown) => {
    throw asLook(error);
  });
}

/** SubmitJob takes jobs that wait for an account, too: HEAppE does that by itself. */
function adopted(job: JobInfo): Submitted {
  return { clusterJobId: String(job.Id), adopted: true };
}

async function create(deps: SubmitDeps, job: JobSubmission, signal: AbortSignal): Promise<JobInfo> {
  const { config, client, places, underWay } = deps;
  const specify = async () => {
    const place = await places.of(job.project, signal);
    checkRequest(config, job, place);
    return jobSpecification(config, job, place, await client.features(signal));
  };
  const createBy = async (specification: Readonly<Record<string, unknown>>) => {
    const created = await client.jobs.create(specification, signal);
    underWay.made(created.Id);
    return created;
  };
  const specification = await specify();
  try {
    return await createBy(specification);
  } catch (error) {
    if (!(error instanceof HeappeError && error.status === 404)) throw error;
    // What it refuses was right once: templates and node types may have other ids now.
    places.forget(job.project);
    const anew = await specify();
    if (isDeepStrictEqual(anew, specification)) throw error;
    return await createBy(anew);
  }
}

/** From a job that is created to one that is submitted. Files go first: the job may start at once. */
async function finish(
  deps: SubmitDeps,
  created: JobInfo,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Submitted> {
  const { config, client, underWay } = deps;
  const mark = { [launcherFiles.errors]: underWay.mark(created.Id) };
  // The job was not refused, whatever is said of its files: the next try lists again, and may find it gone.
  await putFiles(config, client, created, { ...files, ...mark }, signal).catch((error: unknown) => {
    throw asLook(error);
  });
  if (signal.aborted) throw new ClusterError('unreachable', 'given up', signal.reason);
  underWay.sent(created.Id);
  try {
    await client.jobs.submit(created.Id, signal);
    return { clusterJobId: String(created.Id), adopted: false };
  } catch (error) {
    if (neverArrived(error)) underWay.unsent(created.Id);
    else if (isHeappesOwn(error)) underWay.answered(created.Id);
    if (isSubmittedAlready(error)) return adopted(created);
    if (isGone(error)) throw asLook(error);
    throw await afterRefusal(deps, created, error, signal);
  }
}

/** HEAppE was not reached, or has turned the call away at its door. */
function neverArrived(error: unknown): boolean {
  return error instanceof HeappeError && (error.neverSent || error.status === 429);
}

/** Whether HEAppE itself has answered, not something before it, so that it is done with the call. */
function isHeappesOwn(error: unknown): boolean {
  if (!(error instanceof HeappeError) || error.status === null) return false;
  return ![502, 503, 504].includes(error.status) || error.title !== '';
}

/** Somebody else, or an earlier call of ours that was given up, was faster. */
function isSubmittedAlready(error: unknown): boolean {
  return (
    error instanceof HeappeError &&
    error.status === 404 &&
    /incorrect job state/i.test(error.detail)
  );
}

/** Somebody has deleted it meanwhile: nothing was refused, and the next try makes another. */
function isGone(error: unknown): boolean {
  return (
    error instanceof HeappeError && error.status === 404 && /does not exist/i.test(error.detail)
  );
}

/** What the cluster refused stays with HEAppE as a job that is only created: it goes, so that the name is free. */
async function afterRefusal(
  { client }: SubmitDeps,
  { Id }: JobInfo,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof ClusterError) || error.kind === 'unreachable') return error;
  await client.jobs.remove(Id, signal).catch(() => undefined);
  return error.kind === 'refused'
    ? new ClusterError('refused', withAdvice(error.message), error)
    : error;
}

/** Jobs of other clusters of the same HEAppE are in the list, too: those on the node types of this one count. */
async function checkRoom(
  { config, places, prefix }: SubmitDeps,
  project: ProjectName,
  listing: Listing,
  signal: AbortSignal,
): Promise<void> {
  const { name, limits } = config;
  if (limits.jobs === null) return;
  await places.of(project, signal);
  const live = countLive(listing, prefix, places.nodeTypes());
  if (live < limits.jobs) return;
  throw new ClusterError(
    'no_room',
    `cluster ${name} has ${live} jobs already, its configured limit`,
  );
}

/** @throws ClusterError refused, for a file name that is none or that is ours */
function filesOf(job: JobSubmission): Readonly<Record<string, string>> {
  const own: readonly JobName[] = Object.values(launcherFiles);
  const secrets = Object.entries(job.secretFiles);
  for (const [name] of secrets)
    if (own.includes(checkedFile(name)))
      throw new ClusterError('refused', `a job's file cannot be named ${name}`);
  return {
    ...Object.fromEntries(secrets),
    [launcherFiles.script]: job.script,
    [launcherFiles.launcher]: LAUNCHER,
  };
}
