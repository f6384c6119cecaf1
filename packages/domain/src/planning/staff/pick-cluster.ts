import { expectedWait } from '../../starts/start-estimate.ts';
import type { Spread } from '../../starts/start-history.ts';
import type { ClusterName } from '../../vocabulary/ids.ts';
import { clustersOf } from '../../vocabulary/model.ts';
import type { Failures } from '../failure.ts';
import { isReachable, type Scene } from '../scene.ts';

/**
 * Where the next job is started: on the cluster that is expected to start it first, as far as that is known. The order
 * in which the model names them decides among those that come to about the same, and a cluster of which nothing is
 * known is tried at its turn. Silent ones and those on which it failed a moment ago are passed over, and
 * full ones (by a configured limit) while another has room.
 * @param among which of the model's clusters, in order of preference
 * @returns null when there is none at the moment
 */
export function pickCluster(
  scene: Scene,
  failures: Failures,
  among: readonly ClusterName[] = clustersOf(scene.model),
): ClusterName | null {
  const open = among
    .filter((name) => isReachable(scene, name))
    .filter((name) => (failures.retryAt.get(name) ?? 0) <= scene.now);
  const roomy = open.filter((name) => scene.room[name]?.jobs !== 0);
  const usable = (roomy.length > 0 ? roomy : open).map((name) => ({
    name,
    waits: expectedWait(scene.history[name] ?? null, scene.now)?.high,
  }));
  const shortest = Math.min(...usable.map(({ waits }) => waits ?? Number.POSITIVE_INFINITY));
  const soonEnough = shortest + scene.policy.preferenceMs;
  return usable.find(({ waits }) => waits === undefined || waits <= soonEnough)?.name ?? null;
}

/** How long a job that is started now waits, on the cluster where that is shortest; null: nothing is known of any. */
export function shortestWait(scene: Scene): Spread | null {
  const known = clustersOf(scene.model)
    .filter((name) => isReachable(scene, name))
    .map((name) => expectedWait(scene.history[name] ?? null, scene.now))
    .filter((wait) => wait !== null);
  return known.sort((a, b) => a.high - b.high)[0] ?? null;
}
