import type { Failures } from './failure.ts';
import type { Job } from './job.ts';
import type { ModelState } from './model.ts';
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
export function judge(scene: Scene, up: boolean, failures: Failures): Verdict {
  return up ? judgeUp(scene, failures) : judgeDown(scene);
}

function judgeUp(scene: Scene, failures: Failures): Verdict {
  const { current, demand } = scene;
  const trouble = troubleOf(scene, failures);
  if (current.some(({ phase }) => phase === 'ready')) {
    const busy = demand !== null && demand.running + demand.held > 0;
    return { state: busy ? 'busy' : 'ready', reason: trouble };
  }
  const starting = current.find(({ phase }) => phase === 'starting');
  if (starting) return { state: 'loading', reason: trouble ?? starting.reason };
  const waiting = current[0];
  if (waiting) return { state: 'queued', reason: trouble ?? waiting.reason };
  if (failures.gaveUp) return { state: 'failed', reason: trouble };
  return { state: 'queued', reason: trouble };
}

function judgeDown({ current, leaving, demand }: Scene): Verdict {
  const jobs: readonly Job[] = [...current, ...leaving];
  if (jobs.length === 0) return { state: 'not_loaded', reason: null };
  const reason = 'Its last jobs are ending.';
  if (jobs.some(({ phase }) => phase === 'ready' || phase === 'draining')) {
    return { state: demand !== null && demand.running > 0 ? 'busy' : 'ready', reason };
  }
  return { state: jobs.some(({ phase }) => phase === 'starting') ? 'loading' : 'queued', reason };
}

function troubleOf(scene: Scene, failures: Failures): string | null {
  const { model } = scene;
  if (failures.gaveUp) return failures.reason;
  if (!isReachable(scene, model.cluster)) {
    const error = scene.clusters[model.cluster]?.error;
    return `The cluster ${model.cluster} does not answer${error ? `: ${error}` : ''}.`;
  }
  return failures.reason;
}
