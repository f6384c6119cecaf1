import { type ExpectedWait, expectedWait } from '../../starts/start-estimate.ts';
import type { ClusterName } from '../../vocabulary/ids.ts';
import type { Job } from '../../vocabulary/job.ts';
import { clustersOf } from '../../vocabulary/model.ts';
import { isReachable, type Scene } from '../scene.ts';

/** What a cluster is wanted for. */
export interface Wish {
  /** Which of the model's clusters, in order of preference. */
  readonly among?: readonly ClusterName[];
  /** Jobs that stay. */
  readonly kept?: readonly Job[];
  /** Where this plan has started jobs already. */
  readonly planned?: readonly ClusterName[];
  /** Without it the model would be down: rather where it failed however often than nowhere. */
  readonly urgent?: boolean;
}

/**
 * Where the next job is started: on the cluster that is expected to start it first, as far as that is known. The order
 * in which the model names them decides among those that come to about the same, and a cluster of which nothing is
 * known is tried at its turn. Passed over are silent ones, those on which it failed a moment ago or too often, those
 * where one job after a failure is still to show that it works, and full ones (by a configured limit) while another
 * has room.
 * @returns null when there is none at the moment
 */
export function pickCluster(scene: Scene, wish: Wish = {}): ClusterName | null {
  const { among = clustersOf(scene.model), kept = [], planned = [], urgent = false } = wish;
  const { retryAt, spent } = scene.failures;
  const open = among
    .filter((name) => isReachable(scene, name))
    .filter((name) => (retryAt.get(name) ?? 0) <= scene.now);
  const trusted = open.filter((name) => !spent.has(name) && !isOnTrial(name, kept, planned, scene));
  const usable = trusted.length === 0 && urgent ? open : trusted;
  return earliest(usable, planned, scene)?.name ?? null;
}

/**
 * How long the next job is expected to wait, where it would be started. What failed or had no room lately may do so
 * again: it is not counted upon while there is another.
 * @returns null when nothing is known of that
 */
export function nextWait(scene: Scene): ExpectedWait | null {
  const { doubtful, spent } = scene.failures;
  const names = clustersOf(scene.model).filter((name) => isReachable(scene, name));
  const sound = [
    names.filter((name) => !doubtful.has(name)),
    names.filter((name) => !spent.has(name)),
    names,
  ].find(({ length }) => length > 0);
  return earliest(sound ?? [], [], scene)?.wait ?? null;
}

interface Place {
  readonly name: ClusterName;
  readonly wait: ExpectedWait | null;
}

function earliest(
  names: readonly ClusterName[],
  planned: readonly ClusterName[],
  scene: Scene,
): Place | null {
  const roomy = names.filter((name) => hasRoom(name, planned, scene));
  const places = (roomy.length > 0 ? roomy : names).map((name) => ({
    name,
    wait: expectedWait(scene.history[name] ?? null, scene.now),
  }));
  const shortest = Math.min(...places.map(({ wait }) => wait?.high ?? Number.POSITIVE_INFINITY));
  const soonEnough = shortest + scene.policy.preferenceMs;
  return places.find(({ wait }) => wait === null || wait.high <= soonEnough) ?? null;
}

function hasRoom(name: ClusterName, planned: readonly ClusterName[], { room }: Scene): boolean {
  const there = room[name];
  return there === undefined || there.jobs > planned.filter((one) => one === name).length;
}

/** Where a job failed, the next one has to get ready before others follow. */
function isOnTrial(
  name: ClusterName,
  kept: readonly Job[],
  planned: readonly ClusterName[],
  { failures, model }: Scene,
): boolean {
  const failedAt = failures.failedAt.get(name);
  if (failedAt === undefined) return false;
  const since = kept.filter(
    ({ cluster, revision, seq }) =>
      cluster === name && revision === model.revision && seq > failedAt,
  );
  if (since.some(({ phase }) => phase === 'ready')) return false;
  return since.length > 0 || planned.includes(name);
}
