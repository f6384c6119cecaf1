import {
  defaultPolicy,
  type Job,
  type JobOutcome,
  type Model,
  type Plan,
  reconcile,
} from '../src/index.ts';
import { hour, job, model, observed, second, t0 } from './builders.ts';

/** One after the other, each as short as it was after the back-off for the one before. */
export const endOf = (seq: number): number => t0 + 10 * seq * second;

/** A job that never served and ended like this, for a reason of its own. */
export function ended(seq: number, outcome: JobOutcome, over: Partial<Job> = {}): Job {
  const endedAt = over.endedAt ?? endOf(seq);
  const reason = `reason ${seq}`;
  return job('ended', { seq, outcome, reason, intendedAt: endedAt - second, endedAt, ...over });
}

/** What is decided about a model with these jobs at that moment. */
export function plan(jobs: readonly Job[], at: number, over: Partial<Model> = {}): Plan {
  return reconcile(model(over), observed(jobs), defaultPolicy, at);
}

export const starts = ({ actions }: Plan): boolean => actions.some(({ kind }) => kind === 'intend');

export const later = t0 + hour;
/** Keeps it from falling asleep. */
export const used = { lastRequestAt: later };
