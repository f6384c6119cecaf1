import {
  type Action,
  defaultPolicy,
  type Job,
  type Model,
  type Observed,
  type Plan,
  reconcile,
  type StartHistory,
} from '../src/index.ts';
import { demand, minute, model, observed, t0 } from './builders.ts';

export const now = t0 + 10 * minute;
/** A model that may run on three clusters; c1 is preferred. */
export const several = (over: Partial<Model> = {}) => model(over, { otherClusters: ['c2', 'c3'] });
export const up = { reachable: true, observedAt: now, error: null, silence: null };
/** A cluster of which nothing was heard for so long; before, nobody looked for `unseenMs`. */
export const silentFor = (ms: number, looks = 2, unseenMs = 0) => ({
  reachable: false,
  observedAt: now - ms - unseenMs,
  error: 'no route',
  silence: { since: now - ms, looks },
});
const waits = (...ms: number[]): StartHistory => ({
  waits: ms,
  waitingSince: [],
  abandoned: [],
  trial: null,
});
/** Jobs have usually waited so long there. */
export const usual = (ms: number) => waits(...Array.from({ length: 10 }, () => ms));

/** What is decided now where all three answer and somebody waits, unless told otherwise. */
export const plan = (
  jobs: readonly Job[],
  over: Partial<Observed> = {},
  desired: Model = several(),
): Plan =>
  reconcile(
    desired,
    observed(jobs, { clusters: { c1: up, c2: up, c3: up }, demand: demand({ held: 1 }), ...over }),
    defaultPolicy,
    now,
  );

/** Where jobs are started. */
export const started = ({ actions }: Plan) =>
  actions.flatMap((action) => (action.kind === 'intend' ? [action.cluster] : []));

/** The jobs that are cancelled. */
export const cancelled = ({ actions }: Plan) =>
  actions.flatMap((action: Action) => (action.kind === 'cancel' ? [action.jobId] : []));
