import type { JobRow, ModelRow } from './site.ts';

/**
 * Whether a model was in the middle of something when a fault struck: neither not begun, nor over, nor broken.
 * @param requests those to it that were under way
 */
export type IsUnderWay = (model: ModelRow, requests: number) => boolean;

export const isReady = ({ phase }: JobRow) => phase === 'ready';
export const isKept = ({ phase }: JobRow) => phase !== 'draining';
const serves = ({ phase }: JobRow) => phase === 'ready' || phase === 'draining';

/** Those of its jobs, for people. */
export function phasesOf(model: ModelRow | null): string {
  return model?.jobs.map(({ phase }) => phase).join('+') || 'no job';
}

/** Exactly so many jobs that stay, all of them ready. */
export function servesWith(count: number) {
  return ({ jobs }: ModelRow) => {
    const kept = jobs.filter(isKept);
    return kept.length === count && kept.every(isReady);
  };
}

/** Somebody waits, or a job is on its way; none is there yet. */
export const wakes: IsUnderWay = ({ jobs }, requests) => {
  const kept = jobs.filter(isKept);
  return !kept.some(isReady) && (kept.length > 0 || requests > 0);
};

/** Somebody is being served by an engine that is there. */
export const servesSomebody: IsUnderWay = ({ jobs }, requests) =>
  requests > 0 && jobs.some(isReady);

/**
 * It serves with another number of jobs than it is to, or one of those that it began with finishes its streams.
 * @param begun as it stood when it was told
 */
export function scales(begun: ModelRow, wanted: number): IsUnderWay {
  const began = idsOf(begun);
  return (model) =>
    model.jobs.some(isReady) &&
    (!servesWith(wanted)(model) || model.jobs.some((job) => !isKept(job) && began.has(job.id)));
}

/**
 * The predecessor still serves, and whoever takes over is there or due: due it was made; once the predecessor drains
 * there has to be one.
 */
export function handsOver(predecessor: JobRow | undefined): IsUnderWay {
  return ({ jobs }) => {
    const left = jobs.find(({ id }) => id === predecessor?.id);
    if (left === undefined || !serves(left)) return false;
    return left.phase === 'ready' || jobs.some((job) => job.id !== left.id && isKept(job));
  };
}

/**
 * One of those that it began with is there, to be given up or being given up, and no other one.
 * @param begun as it stood right before nobody had asked for long enough
 */
export function fallsAsleep(begun: ModelRow): IsUnderWay {
  const began = idsOf(begun);
  return ({ jobs }) => jobs.some(serves) && jobs.every(({ id }) => began.has(id));
}

function idsOf({ jobs }: ModelRow): ReadonlySet<string> {
  return new Set(jobs.filter(isKept).map(({ id }) => id));
}
