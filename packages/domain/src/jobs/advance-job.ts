import { isSameMoment } from '../starts/expectation.ts';
import type { Address, Job, JobPatch } from '../vocabulary/job.ts';
import type { ClusterJob, JobSighting } from '../vocabulary/observed.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import { endingOf } from './job-outcome.ts';
import { waitingWords } from './job-words.ts';

/**
 * Moves a job along its life by one observation of its cluster.
 *
 * A line of the queue belongs to the job if it has the job's name: a controller that lost its state gives
 * ids out again. A job that the cluster does not list is gone only if it had been submitted before the
 * snapshot: if its row had an id then. Two machines' clocks are not compared for that. States that nobody
 * knows change nothing.
 * @param job as it was read before the cluster was asked
 * @param snapshotTakenAt before the cluster was asked
 * @returns the fields that change, or null
 */
export function advanceJob(
  job: Job,
  sighting: JobSighting,
  snapshotTakenAt: EpochMs,
  now: EpochMs,
): JobPatch | null {
  if (job.phase === 'ended') return null;
  const { clusterJob } = sighting;
  const patch =
    clusterJob === null || clusterJob.name !== job.name
      ? afterAbsence(job, sighting, snapshotTakenAt, now)
      : afterSighting(job, clusterJob, sighting, snapshotTakenAt, now);
  return changesOf(job, patch);
}

function afterAbsence(
  job: Job,
  sighting: JobSighting,
  snapshotTakenAt: EpochMs,
  now: EpochMs,
): JobPatch {
  if (job.clusterJobId === null && sighting.exit === null) return {};
  return endingOf(job, null, sighting, { snapshotTakenAt, now });
}

function afterSighting(
  job: Job,
  seen: ClusterJob,
  sighting: JobSighting,
  snapshotTakenAt: EpochMs,
  now: EpochMs,
): JobPatch {
  if (seen.state === 'unknown') return {};
  const adoption: JobPatch = {
    clusterJobId: seen.clusterJobId,
    submittedAt: job.submittedAt ?? Math.min(seen.submittedAt ?? snapshotTakenAt, snapshotTakenAt),
  };
  switch (seen.state) {
    case 'pending':
      return { ...adoption, ...whilePending(job, seen, snapshotTakenAt) };
    case 'running':
      return { ...adoption, ...whileRunning(job, seen, sighting) };
    case 'suspended':
      return { ...adoption, ...whileSuspended(job, seen) };
    case 'completing':
      return { ...adoption, ...whileCompleting(job, seen, sighting, { snapshotTakenAt, now }) };
    default:
      return { ...adoption, ...endingOf(job, seen, sighting, { snapshotTakenAt, now }) };
  }
}

/** Start and end of a pending job are forecasts; one that has run before was requeued. */
function whilePending(job: Job, seen: ClusterJob, snapshotTakenAt: EpochMs): JobPatch {
  const nowhere = {
    node: null,
    nodeLeaving: false,
    building: false,
    address: null,
    startedAt: null,
    endsAt: null,
    readyAt: null,
  };
  if (job.phase === 'draining') return nowhere;
  return {
    ...nowhere,
    drainUntil: null,
    ...(job.startedAt === null ? {} : waitsAnew(job.startedAt, seen, snapshotTakenAt)),
    phase: 'queued',
    forecastAt: forecastOf(job, seen, snapshotTakenAt),
    reason: waitingWords(seen.reason),
  };
}

/** Its first run is no part of its new wait. SLURM, too, tells when it was requeued as the time of its submission. */
function waitsAnew(startedAt: EpochMs, seen: ClusterJob, snapshotTakenAt: EpochMs): JobPatch {
  const requeuedAt = seen.submittedAt ?? 0;
  const submittedAt =
    requeuedAt > startedAt ? Math.min(requeuedAt, snapshotTakenAt) : snapshotTakenAt;
  return { submittedAt, expectedStart: null, firstExpected: null };
}

/** The same where it runs again before anybody saw it wait. */
function waitedAnew({ startedAt }: Job, { submittedAt }: ClusterJob): JobPatch {
  return startedAt !== null && submittedAt !== null && submittedAt > startedAt
    ? { submittedAt }
    : {};
}

/** A planner moves its plans a little with every cycle; nobody needs to hear of that. */
function forecastOf(job: Job, { forecastAt }: ClusterJob, now: EpochMs): EpochMs | null {
  const same =
    job.forecastAt !== null && forecastAt !== null && isSameMoment(job.forecastAt, forecastAt, now);
  return same ? job.forecastAt : forecastAt;
}

/** Where it is, from when and until when; what the cluster does not tell again stays as it was. */
function placeOf(job: Job, seen: ClusterJob): JobPatch {
  return {
    startedAt: seen.startedAt ?? job.startedAt,
    endsAt: seen.endsAt ?? job.endsAt,
    node: seen.node ?? job.node,
    nodeLeaving: leavingNode(job, seen),
    forecastAt: null,
  };
}

function whileRunning(job: Job, seen: ClusterJob, sighting: JobSighting): JobPatch {
  const restarted = hasRestarted(job, seen, sighting.address);
  const times = { ...(restarted ? waitedAnew(job, seen) : {}), ...placeOf(job, seen) };
  if (hasExited(seen, sighting)) return { ...times, ...whileEnding(job) };
  switch (job.phase) {
    case 'intended':
    case 'queued':
      return {
        ...times,
        phase: 'starting',
        address: sighting.address,
        building: sighting.building,
        reason: misplacedWords(sighting) ?? buildingWords(sighting),
      };
    case 'ready':
      return restarted
        ? { ...times, phase: 'starting', address: sighting.address, readyAt: null, reason: null }
        : times;
    case 'draining':
      return restarted ? { ...times, address: null } : times;
    default:
      return {
        ...times,
        ...(restarted && job.readyAt !== null ? { readyAt: null } : {}),
        address: sighting.address ?? job.address,
        building: sighting.building,
        reason:
          misplacedWords(sighting) ??
          buildingWords(sighting) ??
          (isPassing(job.reason) ? null : job.reason),
      };
  }
}

/**
 * Its engine answers nobody, so it is not routed to; without an address nobody knocks either. Resumed, it
 * is a starting job whose engine is up. Time in suspension does not count against its walltime.
 */
function whileSuspended(job: Job, seen: ClusterJob): JobPatch {
  const place = placeOf(job, seen);
  if (job.phase === 'draining') return place;
  return { ...place, phase: 'starting', address: null, reason: suspendedWords };
}

/** Its engine is not asked there, and nobody is led there. */
function misplacedWords({ misplaced }: JobSighting): string | null {
  return misplaced === null
    ? null
    : `${misplacedStart} ${misplaced.host}:${misplaced.port}, which is not where this cluster lets jobs answer (nodeAddress and ports of its configuration).`;
}

const misplacedStart = 'Its endpoint file says';

/** It may take as long as gigabytes take, and nothing else is to be seen of it. */
function buildingWords({ building }: JobSighting): string | null {
  return building ? buildsNow : null;
}

const buildsNow =
  'It makes what its recipe needs, which is done once on this cluster; its log tells how far that is.';

/** Words that hold no longer once a job runs as it should. */
function isPassing(reason: string | null): boolean {
  return (
    reason === suspendedWords || reason === buildsNow || reason?.startsWith(misplacedStart) === true
  );
}

const suspendedWords = 'The cluster has suspended the job.';

/** Over, but not done: it serves no more, and how it ended is told by its last state. */
function whileEnding(job: Job): JobPatch {
  if (job.phase === 'draining') return {};
  return { phase: 'starting', address: null, reason: 'The job is ending on the cluster.' };
}

/** What a node takes to clear a job away of which nobody is served; SLURM asks one that is silent again after minutes. */
const CLEARING_MS = 5_000;
/** An engine that has served may have some time to finish (slurm.conf(5), KillWait). */
const CLEARING_SERVED_MS = 30_000;

/**
 * A cluster clears a job away until its node says that it is done, which one that stands still never does. Nobody waits
 * for that.
 */
function whileCompleting(
  job: Job,
  seen: ClusterJob,
  sighting: JobSighting,
  times: { readonly snapshotTakenAt: EpochMs; readonly now: EpochMs },
): JobPatch {
  if (job.phase === 'draining') return {};
  const within = job.readyAt === null ? CLEARING_MS : CLEARING_SERVED_MS;
  const until = job.drainUntil ?? times.now + within;
  if (times.now >= until) return endingOf(job, seen, sighting, times);
  return { ...whileEnding(job), drainUntil: until };
}

/** What is not known of its node stays as it was; of another node nothing is known yet. */
function leavingNode(job: Job, seen: ClusterJob): boolean {
  const elsewhere = seen.node !== null && seen.node !== job.node;
  return seen.nodeLeaving ?? (elsewhere ? false : job.nodeLeaving);
}

/** Starts that are told this much later are the same start, told by clocks that differ. */
const SAME_START_MS = 30_000;

/** Requeued and started again between two looks: another node, another port or a later start. */
function hasRestarted(job: Job, seen: ClusterJob, address: Address | null): boolean {
  const moved = address !== null && job.address !== null && !sameAddress(address, job.address);
  const elsewhere = seen.node !== null && job.node !== null && seen.node !== job.node;
  const later =
    seen.startedAt !== null &&
    job.startedAt !== null &&
    seen.startedAt > job.startedAt + SAME_START_MS;
  return moved || elsewhere || later;
}

/** An exit record of an earlier run of a requeued job does not count. */
function hasExited(seen: ClusterJob, { exit }: JobSighting): boolean {
  return exit !== null && exit.at >= (seen.startedAt ?? Number.NEGATIVE_INFINITY);
}

function changesOf(job: Job, patch: JobPatch): JobPatch | null {
  const changed = Object.entries(patch).filter(
    ([key, value]) => !sameValue(value, job[key as keyof JobPatch]),
  );
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

function sameValue(a: unknown, b: unknown): boolean {
  return a === b || (isAddress(a) && isAddress(b) && sameAddress(a, b));
}

function isAddress(value: unknown): value is Address {
  return typeof value === 'object' && value !== null && 'host' in value && 'port' in value;
}

function sameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}
