import type { ClusterName } from '../vocabulary/ids.ts';
import type { Job } from '../vocabulary/job.ts';
import { clustersOf } from '../vocabulary/model.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import { isReachable, type Scene } from './scene.ts';

/**
 * Whether a job counts as absent: its cluster has been silent for longer than the policy allows, nothing is heard of
 * its engine either, and another cluster could run one instead. Nothing is done to it: it may well be there, it is
 * routed to if it is ready, and it counts again as soon as its cluster answers.
 */
export function isAbsent(job: Job, scene: Scene): boolean {
  const since = absentFrom(job.cluster, scene);
  if (since === null || since > scene.now || answers(job, scene)) return false;
  return clustersOf(scene.model).some((name) => name !== job.cluster && isReachable(scene, name));
}

/** A single look may fail for a reason of ours: a cluster is silent once a second one did, too. */
const SILENT_LOOKS = 2;

/** When jobs on a silent cluster begin to count as absent; null: it answers, or only one look at it has failed. */
export function absentFrom(cluster: ClusterName, scene: Scene): EpochMs | null {
  const silence = scene.clusters[cluster]?.silence ?? null;
  if (isReachable(scene, cluster) || silence === null || silence.looks < SILENT_LOOKS) return null;
  return silence.since + scene.policy.unreachableAfterMs;
}

/** A controller may be down while engines serve: theirs is the last word, and not knowing is no word against them. */
function answers({ id, phase }: Job, { answering }: Scene): boolean {
  return phase === 'ready' && (answering === null || answering.includes(id));
}
