import type { DurationMs, ModelId } from '@wakefield/domain';

/** How long an engine works on the requests of a model: learned here, for where the next ones go. */
export interface RunLengths {
  /** A request was answered, to the end: it was at its engine for so long. */
  ended(modelId: ModelId, lengthMs: DurationMs): void;
  /** A request was broken off after so long, and would have run for longer. */
  brokenOff(modelId: ModelId, lengthMs: DurationMs): void;
  /** Hardly any request of the model runs for longer. */
  longest(modelId: ModelId): DurationMs;
  /** Forgets models that are no longer routed to. */
  prune(known: (modelId: ModelId) => boolean): void;
}

const shortestMs = 100;
/** Buckets for each doubling: a length is known to a quarter, rounded up. */
const perDoubling = 3;
/** The last bucket is that of a day. */
const buckets = 60;
/** What is known of a model at first, as of one request: it stands until about a hundred that were shorter. */
const supposed = bucketOf(60_000);
const supposedMs = lengthOf(supposed);
/** Share of the requests that may run for longer. */
const beyond = 0.01;
/** A request weighs this much less with each that ends after it: hundreds are remembered, not yesterday's load. */
const fading = 1 - 1 / 512;
/** When the newest weighs so much, all are divided by that; what then weighs less than a millionth is forgotten. */
const heaviest = 1e12;
const nothing = 1e-6;

/** Memory only; half a kilobyte for a model. */
export function createRunLengths(): RunLengths {
  const models = new Map<ModelId, Histogram>();
  const ended = (modelId: ModelId, lengthMs: DurationMs): void => {
    let seen = models.get(modelId);
    if (seen === undefined) {
      seen = new Histogram();
      models.set(modelId, seen);
    }
    seen.add(bucketOf(lengthMs));
  };
  const longest = (modelId: ModelId): DurationMs => models.get(modelId)?.longestMs ?? supposedMs;
  return {
    ended,
    brokenOff: (modelId, lengthMs) => {
      if (lengthMs > longest(modelId)) ended(modelId, lengthMs);
    },
    longest,
    prune: (known) => {
      for (const modelId of models.keys()) if (!known(modelId)) models.delete(modelId);
    },
  };
}

/** Instead of all that is there weighing less with each request, the next one weighs more. */
class Histogram {
  longestMs: DurationMs = supposedMs;
  readonly #weights = new Float64Array(buckets);
  #all = 1;
  #next = 1 / fading;

  constructor() {
    this.#weights[supposed] = 1;
  }

  add(bucket: number): void {
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + this.#next;
    this.#all += this.#next;
    this.#next /= fading;
    if (this.#next > heaviest) this.#rescale();
    this.longestMs = lengthOf(this.#highest());
  }

  #rescale(): void {
    this.#all = 0;
    for (let index = 0; index < buckets; index += 1) {
      const weight = (this.#weights[index] ?? 0) / this.#next;
      this.#weights[index] = weight < nothing ? 0 : weight;
      this.#all += this.#weights[index] ?? 0;
    }
    this.#next = 1;
  }

  /** The lowest bucket above which no more than the allowed share lies. */
  #highest(): number {
    const allowed = this.#all * beyond;
    let above = 0;
    for (let index = buckets - 1; index > 0; index -= 1) {
      above += this.#weights[index] ?? 0;
      if (above > allowed) return index;
    }
    return 0;
  }
}

function bucketOf(lengthMs: DurationMs): number {
  const doublings = Math.log2(Math.max(lengthMs, shortestMs) / shortestMs);
  return Math.min(buckets - 1, Math.ceil(doublings * perDoubling));
}

/** The longest of a bucket. */
function lengthOf(bucket: number): DurationMs {
  return shortestMs * 2 ** (bucket / perDoubling);
}
