import type { ClusterName } from '../vocabulary/ids.ts';
import type { Job } from '../vocabulary/job.ts';
import { clustersOf } from '../vocabulary/model.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import { isReachable, type View } from './scene.ts';

/**
 * Whether a job counts as absent: its cluster has been silent for longer than the policy allows, nothing is heard of
 * its engine either, and another cluster could run one instead. Nothing is done to it: it may well be there, it is
 * routed to if it is ready, and it counts again as soon as its cluster answers.
 */
export function isAbsent(job: Job, view: View): boolean {
  const since = absentFrom(job.cluster, view);
  if (since === null || since > view.now || answers(job, view)) return false;
  return clustersOf(view.model).some((name) => name !== job.cluster && isReachable(view, name));
}

/** A single look may fail for a reason of ours: a cluster is silent once a second one did, too. */
const SILENT_LOOKS = 2;

/** When jobs on a silent cluster begin to count as absent; null: it answers, or only one look at it has failed. */
export function absentFrom(cluster: ClusterName, view: View): EpochMs | null {
  const silence = view.clusters[cluster]?.silence ?? null;
  if (isReachable(view, cluster) || silence === null || silence.looks < SILENT_LOOKS) return null;
  return silence.since + view.policy.unreachableAfterMs;
}

/** A controller may be down while engines serve: theirs is the last word, and not knowing is no word against them. */
function answers({ id, phase }: Job, { answering }: View): boolean {
  return phase === 'ready' && (answering === null || answering.includes(id));
}
