import type { ClusterName } from '../vocabulary/ids.ts';
import type { Job } from '../vocabulary/job.ts';
import { clustersOf, type ModelState } from '../vocabulary/model.ts';
import { isReachable, type Scene } from './scene.ts';

/** What a plan tells people. */
export interface Verdict {
  readonly state: ModelState;
  readonly reason: string | null;
}

/**
 * State on the wire. A model that is up says how far its best usable job is; one that draining jobs alone
 * keep alive is `queued` or `loading` by their successor. A model that was put to sleep or unregistered
 * says what its remaining jobs do until the last is gone: only then is it `not_loaded`.
 */
export function judge(scene: Scene, up: boolean): Verdict {
  return up ? judgeUp(scene) : judgeDown(scene);
}

function judgeUp(scene: Scene): Verdict {
  const { demand, present, failures } = scene;
  const trouble = troubleOf(scene);
  if (present.some(({ phase }) => phase === 'ready')) {
    const busy = demand !== null && demand.running + demand.held > 0;
    return { state: busy ? 'busy' : 'ready', reason: trouble };
  }
  const starting = present.find(({ phase }) => phase === 'starting');
  if (starting) return { state: 'loading', reason: trouble ?? starting.reason };
  if (present.length > 0)
    return { state: 'queued', reason: trouble ?? waitingWords(present, scene) };
  if (failures.gaveUp) return { state: 'failed', reason: trouble };
  return { state: 'queued', reason: trouble };
}

function judgeDown({ model, current, leaving, demand }: Scene): Verdict {
  const jobs: readonly Job[] = [...current, ...leaving];
  if (jobs.length === 0) return { state: 'not_loaded', reason: null };
  const goesOn = !model.registered && !model.stopRequested && current.length > 0;
  const reason = goesOn
    ? 'It is registered no more; its jobs go on until they end by themselves.'
    : 'Its last jobs are ending.';
  if (jobs.some(({ phase }) => phase === 'ready' || phase === 'draining')) {
    return { state: demand !== null && demand.running > 0 ? 'busy' : 'ready', reason };
  }
  return { state: jobs.some(({ phase }) => phase === 'starting') ? 'loading' : 'queued', reason };
}

function troubleOf(scene: Scene): string | null {
  const { failures } = scene;
  if (failures.gaveUp) return failures.reason;
  const concerned = [...clustersOf(scene.model), ...scene.current.map(({ cluster }) => cluster)];
  const silent = [...new Set(concerned)].filter((name) => !isReachable(scene, name));
  const sentences = silent.map((name) => silenceWords(name, scene));
  const elsewhere = clustersOf(scene.model).some((name) => isReachable(scene, name));
  if (elsewhere && failures.reason !== null) sentences.push(failures.reason);
  return sentences.length === 0 ? null : sentences.join(' ');
}

function silenceWords(name: ClusterName, { clusters }: Scene): string {
  const error = clusters[name]?.error;
  return `The cluster ${name} does not answer${error ? `: ${error}` : ''}.`;
}

/** Why those that wait do, each by its cluster where the model names several. */
function waitingWords(waiting: readonly Job[], { model }: Scene): string | null {
  if (clustersOf(model).length === 1) return waiting[0]?.reason ?? null;
  const told = waiting.flatMap(({ cluster, reason }) =>
    reason === null ? [] : [`On ${cluster}: ${reason}`],
  );
  return told.length === 0 ? null : [...new Set(told)].join(' ');
}
