import type { RequestRecord } from '../requests/ask.ts';
import type { ModelRow, Site } from './site.ts';
import {
  fallsAsleep,
  handsOver,
  type IsUnderWay,
  isKept,
  isReady,
  scales,
  servesSomebody,
  servesWith,
  wakes,
} from './under-way.ts';

export const situationNames = [
  'wake',
  'serving plain',
  'serving streams',
  'scaling',
  'handover',
  'going idle',
] as const;

export type SituationName = (typeof situationNames)[number];

/** What has to become of a model that a fault met in the middle of something. */
export interface Goal {
  readonly what: string;
  isReached(model: ModelRow): boolean;
  /** Whether there was anything to interrupt, by how the model stood right before the strike. */
  readonly isUnderWay: IsUnderWay;
  /** Whether a fault strikes it by striking those who are being served, wherever the model stands. */
  readonly needsRequests?: boolean;
  /** What is left of it after the controller was killed, which may not have written down what began it. */
  remembered?(): Promise<Goal>;
  /** Somebody who waits through all of it. */
  readonly request: Promise<RequestRecord> | null;
}

/** Where one of the six models is when a fault strikes. Each has a model of its own, so one fault strikes all. */
export interface Situation {
  readonly name: SituationName;
  readonly model: string;
  /** What it is registered with, besides what all have. */
  readonly fields: object;
  readonly crowd: { readonly plain: number; readonly streams: number };
  /** Whether it stands where it has to stand before. */
  isInPlace(model: ModelRow): boolean;
  /** Brings it there; called until it is. */
  bring(site: Site, model: ModelRow): Promise<void>;
  /** Begins what the fault is to interrupt. */
  begin(site: Site, model: ModelRow): Promise<Goal>;
}

/** Idle timeout of the model that is going idle. */
export const idleSeconds = 6;
/**
 * Of a job that is handed over. With twenty minutes it serves until one minute before its end (`endMargin`), which is
 * well after the fault has struck (clusters.ts): it has time to finish its streams.
 */
const handoverFields = { walltime: 1_200, walltime_ratio: 0.125 };
/** From this age on an eighth of what the cluster gives is over once its end is moved: its successor is due at once. */
const predecessorAgeMs = 16_000;

const plainPeople = { plain: 2, streams: 0 };
const streamPeople = { plain: 0, streams: 3 };
const allPeople = { plain: 1, streams: 1 };
const nobody = { plain: 0, streams: 0 };

export const situations: readonly Situation[] = [
  {
    name: 'wake',
    model: 'faults/wake',
    // Longer than the others: the fault has to find it on its way.
    fields: { engine_args: { load_seconds: 2, tokens_per_second: 40 } },
    crowd: nobody,
    isInPlace: isAsleep,
    async bring(site, model) {
      if (!model.idle) await sleep(site, model);
    },
    async begin(site, { model }) {
      const request = site.load.ask(model, false);
      const isReached = servesWith(1);
      return { what: 'awake with one job', isReached, isUnderWay: wakes, request };
    },
  },
  serving('serving plain', 'faults/plain', plainPeople),
  serving('serving streams', 'faults/streams', streamPeople),
  {
    name: 'scaling',
    model: 'faults/scaling',
    fields: {},
    crowd: allPeople,
    isInPlace: (model) => servesWith(model.replicas)(model),
    bring: wakeFailed,
    // Up the first time, down the next.
    async begin(site, row) {
      const { model, replicas } = row;
      const wanted = replicas === 1 ? 2 : 1;
      if (wanted < replicas) giveEachSomebody(site, model);
      await site.change('POST', '/p/demo/models/scale', { hf_model_id: model, replicas: wanted });
      return {
        what: `${wanted} jobs`,
        isReached: servesWith(wanted),
        isUnderWay: scales(row, wanted),
        request: null,
      };
    },
  },
  {
    name: 'handover',
    model: 'faults/handover',
    fields: handoverFields,
    crowd: allPeople,
    isInPlace: (model) =>
      servesWith(1)(model) &&
      Date.now() - (model.jobs.find(isKept)?.startedAt ?? Date.now()) > predecessorAgeMs,
    bring: wakeFailed,
    async begin(site, model) {
      const predecessor = model.jobs.find(isKept);
      if (predecessor === undefined) throw new Error(`${model.model} has no job to hand over`);
      const due = await site.cluster.makeSuccessorDue(site, model.model, predecessor);
      const isUnderWay = handsOver(predecessor);
      const goal: Goal = {
        what: 'served by the successor alone',
        isReached: (row) => servesWith(1)(row) && row.jobs.find(isKept)?.id !== predecessor.id,
        isUnderWay,
        request: null,
      };
      const before: Goal = { ...goal, what: 'served as before', isReached: servesWith(1) };
      return { ...goal, remembered: async () => ((await due.isForgotten()) ? before : goal) };
    },
  },
  {
    name: 'going idle',
    model: 'faults/idle',
    fields: { idle_timeout: idleSeconds },
    crowd: nobody,
    // It is asked once more, at the right moment before the fault.
    isInPlace: () => true,
    bring: wakeFailed,
    async begin(_, row) {
      return {
        what: 'asleep',
        isReached: (model) => model.idle && !model.jobs.some(isReady),
        isUnderWay: fallsAsleep(row),
        request: null,
      };
    },
  },
];

export function modelOf(name: SituationName): string {
  return situations.find((one) => one.name === name)?.model ?? '';
}

function serving(name: SituationName, model: string, crowd: Situation['crowd']): Situation {
  return {
    name,
    model,
    fields: {},
    crowd,
    isInPlace: servesWith(1),
    bring: wakeFailed,
    begin: async () => ({
      what: 'ready with one job',
      isReached: servesWith(1),
      isUnderWay: servesSomebody,
      needsRequests: true,
      request: null,
    }),
  };
}

/** A job with nobody to finish would be gone before the fault strikes; requests go to whoever has the fewest. */
function giveEachSomebody(site: Site, model: string): void {
  for (let count = 0; count < 3; count += 1) void site.load.ask(model, true);
}

function isAsleep({ idle, jobs }: ModelRow): boolean {
  return idle && jobs.length === 0;
}

/** Requests do not wake a model that has given up. */
async function wakeFailed(site: Site, { model, state }: ModelRow): Promise<void> {
  if (state === 'failed') await site.change('POST', '/p/demo/models', { hf_model_id: model });
}

async function sleep(site: Site, { model }: ModelRow): Promise<void> {
  await site.change('POST', '/p/demo/models/sleep', { hf_model_id: model });
}
