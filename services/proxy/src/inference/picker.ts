import {
  attraction,
  type Choice,
  cutPrompt,
  type Endpoint,
  hashText,
  type JobId,
  type ModelId,
  mostBlocks,
  PrefixMemory,
  pickByRank,
  pickLeastLoaded,
  type Route,
  type TimeNeeded,
} from '@wakefield/domain';
import type { Clock } from '../clock.ts';
import type { DemandBook } from '../demand.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { Placements } from './placements.ts';

/** Whether an endpoint is not to be asked. */
export type Excluded = Choice['exclude'];

/** What a request says of where it belongs. */
export interface Belonging {
  /** As it was asked for: an adapter shares no cache with its model. */
  readonly model: string;
  readonly body: Buffer;
  /** Where the value of `messages` or `prompt` begins in it, and ends. Nothing between: there is none. */
  readonly promptFrom: number;
  readonly promptTo: number;
  /** @param name in lower case */
  header(name: string): string | undefined;
}

/** Picks endpoints by the policies of their models, out of what it remembers of requests before. Memory only. */
export interface Picker {
  /** Changes nothing: a request may have to wait after all. @returns null when all are excluded */
  pick(route: Route, exclude: Excluded, needed: TimeNeeded, belonging: Belonging): Endpoint | null;
  /** The request goes there, which is remembered. */
  sent(route: Route, jobId: JobId, belonging: Belonging): void;
  /** Another proxy has sent prompts there of which these are the last keys. */
  heard(modelId: ModelId, jobId: JobId, keys: readonly number[]): void;
  /** Forgets models that need no memory any more. */
  prune(byModel: (modelId: ModelId) => Route | null): void;
}

export interface PickerOptions {
  readonly demand: Pick<DemandBook, 'runningOn'>;
  readonly elsewhere: Pick<Elsewhere, 'on' | 'want'>;
  /** Told of what goes where: of a prompt its last key, which stands for all of it. */
  readonly placements: Pick<Placements, 'sent'>;
  /** How many there are, this one among them. */
  readonly proxies: () => number;
  readonly clock: Pick<Clock, 'now'>;
  /** A number in [0, 1). */
  readonly random: () => number;
}

export function createPicker(options: PickerOptions): Picker {
  const { demand, elsewhere, placements, proxies, clock, random } = options;
  const memories = new Map<ModelId, PrefixMemory>();
  /** Of the prompt that was looked at last. */
  const keys = new Int32Array(mostBlocks);
  let keyCount = 0;
  /** Whose prompt that is: most are sent at once, and are not cut a second time. */
  let keysOf: Belonging | null = null;

  const everywhere = (jobId: JobId) => demand.runningOn(jobId) + elsewhere.on(jobId);
  // Of the few that one of several proxies has on an endpoint a bound says little: the next one is too many for it.
  const runningFor = ({ modelId }: Route): Choice['running'] => {
    if (proxies() === 1) return demand.runningOn;
    elsewhere.want(modelId);
    return everywhere;
  };
  const memoryOf = (modelId: ModelId): PrefixMemory => {
    const memory = memories.get(modelId) ?? new PrefixMemory();
    memories.set(modelId, memory);
    return memory;
  };
  const cut = (belonging: Belonging): number => {
    keyCount = cutPromptOf(belonging, keys);
    keysOf = belonging;
    return keyCount;
  };
  const byPrefix = (route: Route, choice: Choice, belonging: Belonging): Endpoint | null => {
    const count = cut(belonging);
    if (count === 0) return pickLeastLoaded(choice, random);
    const memory = memoryOf(route.modelId);
    memory.look(keys, count, route.endpoints);
    return pickByRank({ ...choice, running: runningFor(route) }, (one) => memory.rank(one));
  };
  const bySession = (route: Route, choice: Choice, belonging: Belonging): Endpoint | null => {
    const session = belonging.header(route.routing.sessionHeader);
    if (session === undefined || session === '') return pickLeastLoaded(choice, random);
    const key = hashText(session);
    const rank = ({ jobId, weight }: Endpoint) => attraction(key, jobId, weight);
    return pickByRank({ ...choice, running: runningFor(route) }, rank);
  };

  return {
    pick: (route, exclude, needed, belonging) => {
      const { endpoints, routing } = route;
      const running = demand.runningOn;
      const choice = { endpoints, running, exclude, now: clock.now(), needed };
      if (endpoints.length < 2 || routing.policy === 'least_load')
        return pickLeastLoaded(choice, random);
      if (routing.policy === 'prefix') return byPrefix(route, choice, belonging);
      return bySession(route, choice, belonging);
    },
    sent: ({ modelId, endpoints, routing }, jobId, belonging) => {
      if (endpoints.length < 2 || routing.policy !== 'prefix') return;
      const count = keysOf === belonging ? keyCount : cut(belonging);
      keysOf = null;
      if (count === 0) return;
      memoryOf(modelId).remember(keys, count, jobId);
      placements.sent(modelId, jobId, keys[count - 1] ?? 0);
    },
    // Of a model for which nothing was asked here yet no job is known either.
    heard: (modelId, jobId, others) =>
      memories.get(modelId)?.remember(others, others.length, jobId),
    prune: (byModel) => {
      for (const modelId of memories.keys())
        if (byModel(modelId)?.routing.policy !== 'prefix') memories.delete(modelId);
    },
  };
}

/** @returns how many keys there are; none of a prompt that is too short to be worth anything */
function cutPromptOf({ model, body, promptFrom, promptTo }: Belonging, keys: Int32Array): number {
  if (promptTo <= promptFrom) return 0;
  const bytes = new DataView(body.buffer, body.byteOffset, body.length);
  return cutPrompt(bytes, promptFrom, promptTo, hashText(model), keys);
}
