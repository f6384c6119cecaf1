import { type ClusterDriver, ClusterError, type JobRef } from '@wakefield/control';
import { type JobName, type JobSighting, jobNamePrefix, unseen } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import { boundsOfLimits, limitsOf } from '../config/limits-of.ts';
import type { DriverDeps } from '../driver-deps.ts';
import { checkedName } from '../job-names.ts';
import { createHeappeTransport } from '../transport/create-transport.ts';
import { activateProject } from './activation.ts';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import { createHeappeClient } from './client.ts';
import { clusterJobOf } from './cluster-job.ts';
import { askJobToEnd, cancelJob, deleteJob, eachOf, tellToEnd } from './end-jobs.ts';
import { createEndedJobs } from './ended-jobs.ts';
import { forecastStart } from './forecast.ts';
import { nothingSeen } from './job-files-seen.ts';
import { readJobLog } from './job-log.ts';
import { createJobReports } from './job-reports.ts';
import { jobNamed, type Listing, listJobs, surplusOf } from './listing.ts';
import { createLiveStates } from './live-states.ts';
import { createPlaces } from './place.ts';
import { launchProfile } from './profile.ts';
import { nodeTypeOf, templatesOf } from './settings-of.ts';
import { createdOf, listedOf, sightingOf, unreadOf } from './sighting.ts';
import { submitJob } from './submit-job.ts';
import { createUnderWay } from './under-way.ts';

/** An activation has just listed what there is, and the list is slow where nobody keeps it. */
const JUST_LISTED_MS = 10_000;

/** A centre's cluster through the HEAppE middleware: HTTP calls, none of which is idempotent where it matters. */
export function createHeappeDriver(config: HeappeConfig, deps: DriverDeps): ClusterDriver {
  const now = deps.now ?? Date.now;
  const profile = launchProfile(config);
  const elapsed = deps.elapsed ?? (() => performance.now());
  const client = createHeappeClient(config, { onRoundTrip: deps.onRoundTrip });
  const places = createPlaces(config, client, elapsed);
  const reports = createJobReports(client, { goodForMs: config.cadence.quiet, elapsed });
  const transport = createHeappeTransport(config, client, deps);
  const prefix = jobNamePrefix(deps.installation);
  const underWay = createUnderWay(config.timeouts.submit, now, elapsed);
  const submitting = { config, client, places, prefix, underWay };

  const live = createLiveStates(client, config.cadence.quiet, elapsed);
  const endedJobs = createEndedJobs(now, elapsed);
  const patienceMs = config.timeouts.connect + config.timeouts.command;

  /** Jobs that were told to end although HEAppE says that they are over. */
  const ended = new Set<number>();

  const list = (signal: AbortSignal) => told(signal, () => listJobs(client, signal));

  /** All of ours, as they are listed. */
  function sightListed(listing: Listing): Map<JobName, JobSighting> {
    const found = new Map<JobName, JobSighting>();
    for (const name of [...listing.keys()].filter((one) => one.startsWith(prefix))) {
      const job = jobNamed(listing, name);
      if (job !== null) found.set(name, listedOf(name, job));
    }
    return found;
  }

  async function sight(
    listing: Listing,
    refs: readonly JobRef[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<JobName, JobSighting>> {
    const found = sightListed(listing);
    const known = new Map<JobName, JobInfo>();
    for (const name of refs.map((ref) => checkedName(ref.name))) {
      const job = jobNamed(listing, name);
      if (job === null) found.set(name, unseen);
      else if (job.State === heappeStates.configuring) found.set(name, createdOf(name, job));
      else known.set(name, job);
    }
    const wanted = await live.freshen(known, signal);
    const seen = await reports.read(wanted, signal);
    for (const [name, job] of wanted) {
      const files = seen.get(name) ?? null;
      found.set(
        name,
        files === null
          ? unreadOf(name, job)
          : sightingOf({ ...config, ...profile }, name, job, files),
      );
    }
    return found;
  }

  /** What is remembered of jobs that HEAppE does not list any more. */
  function forgetOthers(listing: Listing): void {
    const ids = new Set([...listing.values()].flat().map(({ Id }) => Id));
    reports.retain(ids);
    underWay.retain(listing);
    for (const id of ended) if (!ids.has(id)) ended.delete(id);
  }

  /** One that was only created may be somebody's submission in the making. Where it does not work, the next look tries again. */
  async function endSurplus(listing: Listing, signal: AbortSignal): Promise<void> {
    const surplus = surplusOf(listing, prefix).filter(
      ({ Id, State }) => State !== heappeStates.configuring || underWay.isLeft(Id),
    );
    if (surplus.length === 0) return;
    deps.onSurplus?.(surplus.map(({ Id, Name }) => ({ name: Name ?? '', clusterJobId: `${Id}` })));
    await eachOf(surplus, (job) => cancelJob(client, job, signal)).catch(() => undefined);
  }

  /**
   * HEAppE calls every job failed that SLURM did not tell it of just once, and never looks at it again: it can be neither
   * reached nor cancelled any more, and may run on. Its launcher still hears us.
   */
  async function endUnwatched(
    listing: Listing,
    seen: ReadonlyMap<JobName, JobSighting>,
    signal: AbortSignal,
  ): Promise<void> {
    const alive = [...seen].flatMap(([name, { clusterJob }]) => {
      const job = clusterJob === null ? null : jobNamed(listing, name);
      return job === null || !reports.mayRunOn(job) || ended.has(job.Id) ? [] : [job];
    });
    for (const { Id } of alive) ended.add(Id);
    await eachOf(alive, (job) =>
      tellToEnd(config, client, job, signal).catch(() => void ended.delete(job.Id)),
    );
  }

  /** All jobs of these names, surplus ones among them. */
  async function forEach(
    names: readonly JobName[],
    work: (job: JobInfo) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (names.length === 0) return;
    const listing = await list(signal);
    await eachOf(
      names.flatMap((name) => listing.get(checkedName(name)) ?? []),
      work,
    );
  }

  return {
    name: config.name,
    kind: 'heappe',
    profile,
    cadence: {
      busyMs: config.cadence.busy,
      quietMs: config.cadence.quiet,
      patienceMs,
    },
    limits: (project) => limitsOf(config, project),
    // What its node types have to give is said project by project, and refused by the submission.
    bounds: async () => ({ ...boundsOfLimits(config), fixedSize: true }),
    fixedSize: true,
    transport,
    submit: (job, signal) => told(signal, () => submitJob(submitting, job, signal)),
    async observe(refs, signal) {
      const takenAt = now();
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
      const listing = await list(bounded);
      forgetOthers(listing);
      const seen = await sight(listing, refs, bounded);
      if (signal.aborted) throw new ClusterError('unreachable', 'given up', signal.reason);
      await endSurplus(listing, bounded);
      await endUnwatched(listing, seen, bounded);
      const over = endedJobs.due(listing, prefix, new Set(refs.map(({ name }) => name)));
      await eachOf(over, (job) => deleteJob(client, job, bounded)).catch(() => undefined);
      return { cluster: config.name, takenAt, sightings: seen };
    },
    askToEnd: (refs, signal) =>
      forEach(
        refs.map(({ name }) => name),
        (job) => askJobToEnd(config, client, job, signal),
        signal,
      ),
    cancel: (refs, signal) =>
      forEach(
        refs.map(({ name }) => name),
        (job) => cancelJob(client, job, signal),
        signal,
      ),
    async readLog({ name }, from, bytes, signal) {
      const job = jobNamed(await list(signal), checkedName(name));
      if (job === null) return null;
      return await told(signal, () => readJobLog(client, job, from, bytes, signal));
    },
    forget: (names, signal) => forEach(names, (job) => deleteJob(client, job, signal), signal),
    activate: (project, signal) =>
      told(signal, async () => {
        places.forget(project);
        return await activateProject(config, client, project, signal, {
          onListed: (clusters) => void places.take(project, clusters),
        });
      }),
    accepts: (project, signal) =>
      told(signal, async () => {
        const { templates, nodeType } = await places.of(project, signal, JUST_LISTED_MS);
        const missing = templatesOf(config).filter((name) => !templates.has(name));
        if (missing.length > 0)
          throw new ClusterError(
            'refused',
            `project ${project} has no enabled command template ${missing.join(', ')} on node type ${nodeType.Name}`,
          );
        const smallest = { walltimeSeconds: 60, gpuCount: 1, nodes: 1, cpus: null, memory: null };
        await forecastStart(config, client, places, { ...smallest, project }, signal);
      }),
    queueOf: (project) => `${config.cluster ?? ''}/${nodeTypeOf(config, project) ?? ''}`,
    forecast: (request, signal) =>
      told(signal, () => forecastStart(config, client, places, request, signal)),
    async find(name, signal) {
      const job = jobNamed(await list(signal), name);
      return job === null ? null : clusterJobOf(job, name, nothingSeen.report);
    },
    async close() {
      await transport.close();
      await client.close();
    },
  };
}

/** Whoever gave up knows nothing of what came of it. */
async function told<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw new ClusterError('unreachable', 'given up', signal.reason);
  return await work();
}
