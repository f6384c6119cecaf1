import type { DurationMs } from '../../vocabulary/time.ts';

/** What is held against an endpoint. Times are of a clock that never goes back. */
export interface Suspicion {
  /** How often it refused a connection or lost a request since it answered anything. */
  readonly strikes: number;
  /** These, and answers that were its own failure, since it answered well. */
  readonly failures: number;
  /** Nobody asks it until then. */
  readonly avoidedUntil: DurationMs;
  /** Nobody asks it until then, as long as enough others are there. */
  readonly ejectedUntil: DurationMs;
  /** When it was ejected last. */
  readonly ejectedAt: DurationMs;
  /** An engine that is not ours answers there. */
  readonly isStranger: boolean;
}

const firstPauseMs = 500;
const longestPauseMs = 5000;
/** While one request tries a suspect, others wait this long for its verdict. */
const trialMs = 1000;
/** A stranger would get to see what is asked: one request a minute, to find out whether it was a mistake. */
const strangerMs = 60_000;
/** Failures in a row that are no accident any more. */
const failuresToEject = 5;
const firstEjectionMs = 5000;
const longestEjectionMs = 60_000;

const innocent: Suspicion = Object.freeze({
  strikes: 0,
  failures: 0,
  avoidedUntil: 0,
  ejectedUntil: 0,
  ejectedAt: 0,
  isStranger: false,
});

/**
 * It refused a connection, or lost a request: it is avoided at once, twice as long each time, five seconds at most.
 * @param sentAt when the request was sent
 */
export function afterLoss(before: Suspicion | null, at: DurationMs, sentAt: DurationMs): Suspicion {
  const failed = countFailure(before ?? innocent, at, sentAt);
  const strikes = failed.strikes + 1;
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (strikes - 1));
  // A stranger that refuses is one for no shorter time.
  return { ...failed, strikes, avoidedUntil: Math.max(failed.avoidedUntil, at + pauseMs) };
}

/** It answered, with an error that is its own, or broke off in the middle of its answer: one of these is an accident. */
export function afterFailure(
  before: Suspicion | null,
  at: DurationMs,
  sentAt: DurationMs,
): Suspicion {
  return countFailure(before ?? innocent, at, sentAt);
}

/** An engine that is not ours answered. */
export function afterStranger(at: DurationMs): Suspicion {
  return { ...innocent, avoidedUntil: at + strangerMs, isStranger: true };
}

/** It has begun to answer, which suspects do not. @returns null: nothing is left that it is blamed for */
export function afterAnswer(before: Suspicion): Suspicion | null {
  if (before.failures === 0) return null;
  return { ...before, strikes: 0, avoidedUntil: 0, isStranger: false };
}

/** One request tries it for all; the verdict is waited for. Of an ejected one, as long as it would be ejected anew. */
export function onTrial(suspicion: Suspicion, at: DurationMs): Suspicion {
  const { strikes, failures, isStranger, avoidedUntil, ejectedUntil } = suspicion;
  const suspect = strikes > 0 || isStranger;
  const isDue = failures >= failuresToEject && ejectedUntil <= at;
  return {
    ...suspicion,
    avoidedUntil: suspect ? at + (isStranger ? strangerMs : trialMs) : avoidedUntil,
    ejectedUntil: isDue ? at + ejectionMs(failures) : ejectedUntil,
  };
}

/**
 * Whether ejections are to be heeded. Where more than half of a model's endpoints fail, it is the requests; so the last one
 * is never ejected.
 */
export function heedsEjections(ejected: number, endpoints: number): boolean {
  return ejected * 2 <= endpoints;
}

/** Whether an error of this status is the engine's own failure: not one that no engine could do better with. */
export function isOwnFailure(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 505;
}

/** Those in a row eject it. What was on its way when it was ejected says nothing new. */
function countFailure(before: Suspicion, at: DurationMs, sentAt: DurationMs): Suspicion {
  if (before.failures >= failuresToEject && sentAt < before.ejectedAt) return before;
  const failures = before.failures + 1;
  if (failures < failuresToEject) return { ...before, failures };
  return { ...before, failures, ejectedUntil: at + ejectionMs(failures), ejectedAt: at };
}

function ejectionMs(failures: number): DurationMs {
  const pauseMs = firstEjectionMs * 2 ** (failures - failuresToEject);
  return Math.min(longestEjectionMs, pauseMs);
}
