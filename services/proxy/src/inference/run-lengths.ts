import type { DurationMs, ModelId } from '@wakefield/domain';

/** How long an engine works on the requests of a model: learned here, for where the next ones go. */
export interface RunLengths {
  /** A request is over, whoever ended it: it was at its engine for so long. */
  ended(modelId: ModelId, lengthMs: DurationMs): void;
  /** Hardly any request of the model runs for longer. */
  longest(modelId: ModelId): DurationMs;
  /** Forgets models that are no longer routed to. */
  prune(known: (modelId: ModelId) => boolean): void;
}

/** What is taken for the longest before the first request of a model has ended. */
const unknownMs = 60_000;
const shortestMs = 100;
/** Buckets for each doubling: a length is known to a quarter, rounded up. */
const perDoubling = 3;
/** The last bucket is that of a day. */
const buckets = 60;
/** Share of the requests that may run for longer. */
const beyond = 0.01;
/** A request weighs this much less with each that ends after it: hundreds are remembered, not yesterday's load. */
const fading = 1 - 1 / 512;

interface Seen {
  readonly weights: Float32Array;
  longestMs: DurationMs;
}

/** Memory only; a few hundred bytes for a model, and for a request that ends one pass over them. */
export function createRunLengths(): RunLengths {
  const models = new Map<ModelId, Seen>();
  return {
    ended: (modelId, lengthMs) => {
      let seen = models.get(modelId);
      if (seen === undefined) {
        seen = { weights: new Float32Array(buckets), longestMs: 0 };
        models.set(modelId, seen);
      }
      add(seen.weights, bucketOf(lengthMs));
      seen.longestMs = shortestMs * 2 ** (highest(seen.weights) / perDoubling);
    },
    longest: (modelId) => models.get(modelId)?.longestMs ?? unknownMs,
    prune: (known) => {
      for (const modelId of models.keys()) if (!known(modelId)) models.delete(modelId);
    },
  };
}

function bucketOf(lengthMs: DurationMs): number {
  const doublings = Math.log2(Math.max(lengthMs, shortestMs) / shortestMs);
  return Math.min(buckets - 1, Math.ceil(doublings * perDoubling));
}

function add(weights: Float32Array, bucket: number): void {
  for (let index = 0; index < buckets; index += 1) {
    weights[index] = (weights[index] ?? 0) * fading + (index === bucket ? 1 : 0);
  }
}

/** The lowest bucket above which no more than the allowed share lies. */
function highest(weights: Float32Array): number {
  let all = 0;
  for (const weight of weights) all += weight;
  let above = 0;
  for (let index = buckets - 1; index > 0; index -= 1) {
    above += weights[index] ?? 0;
    if (above > all * beyond) return index;
  }
  return 0;
}
