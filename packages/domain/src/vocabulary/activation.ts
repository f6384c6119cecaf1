import type { ClusterName } from './ids.ts';
import type { EpochMs } from './time.ts';

/** One thing that a project needs on a cluster before its jobs run there. */
export interface ActivationStep {
  /** What it is about, in a word or two: `sign-in`, `project`, `node type`, `template wakefield` … */
  readonly step: string;
  readonly status: 'done' | 'failed';
  /** What was found or done. */
  readonly detail: string;
  /** What a person has to do or to ask for; null where it is done. */
  readonly remedy: string | null;
}

/** What came of the last try to activate a project on a cluster, good or not. */
export interface Activation {
  readonly cluster: ClusterName;
  readonly at: EpochMs;
  /** In order; one that failed is the last. */
  readonly steps: readonly ActivationStep[];
}
